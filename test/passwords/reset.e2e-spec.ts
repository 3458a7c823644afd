import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mailedToken, mailsTo, tokenIn } from '../accounts/mails.js';
import { sessionIds } from '../sign-in/sessions.js';
import { startApp, type TestApp } from '../support/app.js';
import { document, errorsOf, send, type ApiResponse } from '../support/client.js';
import { APP_URL } from '../support/environment.js';
import { withClient } from '../support/database.js';
import { account, admin, PASSWORD, signedIn, signIn } from '../support/factories.js';
import { resetToken, secretsOf } from './tokens.js';

const NEW_PASSWORD = 'Another-horse-9';

describe('A forgotten password', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  const requestReset = (email: unknown, headers: Record<string, string> = {}): Promise<ApiResponse> =>
    send(app, 'POST', '/account/passwords/request_reset', { body: { email }, headers });

  const reset = (token: unknown, password: unknown = NEW_PASSWORD): Promise<ApiResponse> =>
    send(app, 'POST', '/account/passwords/reset', { body: { token, password } });

  const valid = async (token: string): Promise<unknown> => {
    const response = await send(app, 'GET', `/account/passwords/token_valid?token=${encodeURIComponent(token)}`);
    expect([response.status, response.headers.get('content-type')?.split(';')[0]]).toEqual([200, 'application/json']);
    return response.body;
  };

  /** Waits until every job that was queued is done. */
  const outboxEmpty = async (): Promise<void> => {
    while ((await app.sql('SELECT id FROM graphile_worker.jobs')).length > 0) await sleep(10);
  };

  const login = (email: string, password: string): Promise<ApiResponse> =>
    send(app, 'POST', '/auth/login', { body: { email, password } });

  describe('is asked for', () => {
    it('and a mail brings a link to the application, good for one hour, of which only a hash is kept', async () => {
      const { id, email } = await account(app, { name: 'Jane Doe' });
      const response = await requestReset(email);
      expect([response.status, response.text]).toEqual([204, '']);
      const [mail] = await mailsTo(app, email);
      const token = mail ? tokenIn(mail) : '';
      expect(token).toMatch(/^[\w-]{43}$/);
      expect(mail?.parsed.text).toContain(`${APP_URL}/reset-password?token=${token}`);
      expect(String(mail?.parsed.html)).toContain(`href="${APP_URL}/reset-password?token=${token}"`);
      expect(mail?.parsed.text).toContain('Jane Doe');
      expect((await secretsOf(app, id)).resets).toEqual([createHash('sha256').update(token).digest('hex')]);
      const [row] = await app.sql<{ seconds: number }>(
        'SELECT extract(epoch FROM expires_at - now())::float AS seconds FROM one_time_tokens WHERE account_id = $1',
        [id],
      );
      expect(row?.seconds).toBeGreaterThan(3590 - 20);
      expect(row?.seconds).toBeLessThanOrEqual(3600);
      expect(await valid(token)).toEqual({ data: { valid: true } });
    });

    it('in any case, and the mail goes to the address that is stored', async () => {
      const email = `Jörg.${randomUUID()}@example.com`;
      await account(app, { email });
      expect((await requestReset(` ${email.toUpperCase()} `)).status).toBe(204);
      expect(await mailsTo(app, email)).toHaveLength(1);
    });

    it('and the response is the same when there is no account to mail to', async () => {
      const disabled = await account(app, { enabled: false });
      await outboxEmpty();
      const mails = app.mails.mails.length;
      for (const email of ['nobody@example.com', disabled.email]) {
        const response = await requestReset(email);
        expect([response.status, response.text]).toEqual([204, '']);
      }
      await outboxEmpty();
      expect(app.mails.mails.length).toBe(mails);
      expect((await secretsOf(app, disabled.id)).resets).toEqual([]);
    });

    it('again, and the link that was mailed first stays good until one of them is used', async () => {
      const { email } = await account(app);
      await requestReset(email);
      const first = await mailedToken(app, email);
      await requestReset(email);
      const second = await mailedToken(app, email, 2);
      expect(second).not.toBe(first);
      for (const token of [first, second]) expect(await valid(token)).toEqual({ data: { valid: true } });
      expect((await reset(first)).status).toBe(204);
      expect(await valid(second)).toEqual({ data: { valid: false } });
      expect(errorsOf(await reset(second))).toEqual(['404 invalid_token']);
    });

    it('a fourth time, and no mail comes while three links are good', async () => {
      const { id, email } = await account(app);
      for (let n = 1; n <= 3; n++) {
        await requestReset(email);
        await mailedToken(app, email, n);
      }
      expect([(await requestReset(email)).status, (await requestReset(email)).status]).toEqual([204, 204]);
      await outboxEmpty();
      expect(await mailsTo(app, email, () => true)).toHaveLength(3);
      await app.sql(
        `UPDATE one_time_tokens SET expires_at = now() WHERE id = (SELECT min(id::text)::uuid FROM one_time_tokens WHERE account_id = $1)`,
        [id],
      );
      await requestReset(email);
      expect(await valid(await mailedToken(app, email, 4))).toEqual({ data: { valid: true } });
    });

    it('by 20 requests at once, and at most three links are mailed', async () => {
      const { id, email } = await account(app);
      const responses = await Promise.all(Array.from({ length: 20 }, () => requestReset(email)));
      expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([204]));
      await outboxEmpty();
      const { resets } = await secretsOf(app, id);
      expect(resets.length).toBeGreaterThan(0);
      expect(resets.length).toBeLessThanOrEqual(3);
      const mails = await mailsTo(app, email, (sent) => sent.length >= resets.length);
      const mailed = mails.map((mail) => createHash('sha256').update(tokenIn(mail)).digest('hex'));
      expect(mailed.sort()).toEqual(resets.toSorted());
    });

    it('and the account is what it was before: its version, its times and its tag', async () => {
      const { get } = await admin(app);
      const { id, email } = await account(app);
      const before = await get(`/accounts/${id}`);
      await requestReset(email);
      await mailedToken(app, email);
      const after = await get(`/accounts/${id}`);
      expect(after.body).toEqual(before.body);
      expect(after.headers.get('etag')).toBe(before.headers.get('etag'));
    });

    it('and the request queues one job, whether or not there is such an account', async () => {
      const { id, email } = await account(app);
      await outboxEmpty();
      const lastJob = async (): Promise<number> => {
        const [row] = await app.sql<{ last: string }>(
          `SELECT last_value AS last FROM pg_sequences WHERE schemaname = 'graphile_worker' AND sequencename LIKE '%jobs_id%'`,
        );
        return Number(row?.last);
      };
      // The job waits for the account's row, so whatever is queued meanwhile is the request's.
      await withClient(app.databaseUrl, async (holder) => {
        await holder.query('BEGIN');
        await holder.query('SELECT FROM accounts WHERE id = $1 FOR UPDATE', [id]);
        for (const address of [email, 'nobody.at.all@example.com']) {
          const before = await lastJob();
          await requestReset(address);
          expect((await lastJob()) - before).toBe(1);
        }
        await holder.query('COMMIT');
      });
      await mailedToken(app, email);
    });

    it('and no session ends and no password changes by that', async () => {
      const { account: owner, get } = await signedIn(app);
      await requestReset(owner.email);
      await mailsTo(app, owner.email);
      expect((await get('/auth/me')).status).toBe(200);
      expect((await login(owner.email, PASSWORD)).status).toBe(200);
    });

    it.each<[string, unknown, string[]]>([
      ['no e-mail', {}, ['422 validation_failed /email']],
      ['something else', { email: 'not an address' }, ['422 validation_failed /email']],
      ['a number', { email: 1 }, ['422 validation_failed /email']],
      ['a list', { email: ['a@example.com'] }, ['422 validation_failed /email']],
      ['a NUL', { email: 'a\0@example.com' }, ['422 validation_failed /email']],
      ['a strange member', { email: 'a@example.com', url: 'https://evil.net' }, ['422 validation_failed /url']],
      ['strange members alone', { url: 1, x: 2 }, ['/email', '/url', '/x'].map((at) => `422 validation_failed ${at}`)],
      ['no object', [], ['400 malformed_body ']],
      ['no JSON', '{', ['400 malformed_body']],
    ])('and rejected with %s', async (_, body, expected) => {
      expect(errorsOf(await send(app, 'POST', '/account/passwords/request_reset', { body }))).toEqual(expected);
    });
  });

  describe('has a token that', () => {
    it('is valid until it expires, and asking does not spend it', async () => {
      const { id } = await account(app);
      const token = await resetToken(app, id);
      expect(await valid(token)).toEqual({ data: { valid: true } });
      expect(await valid(token)).toEqual({ data: { valid: true } });
      expect(await valid(await resetToken(app, id, -1))).toEqual({ data: { valid: false } });
    });

    it('is not valid when it is made up, empty, changed, or of a disabled account', async () => {
      const { id } = await account(app, { enabled: false });
      const token = await resetToken(app, id);
      for (const tried of [token, 'rubbish', '', `${token}x`, token.slice(1), token.toLowerCase()]) {
        expect(await valid(tried)).toEqual({ data: { valid: false } });
      }
    });

    it.each([
      ['', ['400 invalid_parameter token']],
      ['?token=a&token=b', ['400 invalid_parameter token']],
      ['?token=a&nonsense=1', ['400 invalid_parameter nonsense']],
      ['?token[]=a', ['400 invalid_parameter token[]']],
    ])('is checked by one parameter: "%s" is rejected', async (query, expected) => {
      const response = await send(app, 'GET', `/account/passwords/token_valid${query}`);
      expect([...new Set(errorsOf(response))]).toEqual(expected);
    });
  });

  describe('is replaced', () => {
    it('with the token: it is spent, every session ends, and a mail says so', async () => {
      const { account: owner, get, refreshToken } = await signedIn(app);
      await signIn(app, owner);
      const token = await resetToken(app, owner.id);
      const response = await reset(token);
      expect([response.status, response.text]).toEqual([204, '']);
      expect(await sessionIds(app, owner.id)).toEqual([]);
      expect((await get('/auth/me')).status).toBe(401);
      const refreshed = await send(app, 'POST', '/auth/refresh', { body: { refresh_token: refreshToken } });
      expect(refreshed.status).toBe(401);
      expect(errorsOf(await login(owner.email, PASSWORD))).toEqual(['401 invalid_credentials']);
      expect((await login(owner.email, NEW_PASSWORD)).status).toBe(200);
      expect(errorsOf(await reset(token))).toEqual(['404 invalid_token']);
      expect(await valid(token)).toEqual({ data: { valid: false } });
      const [mail] = await mailsTo(app, owner.email);
      expect(mail?.parsed.subject).toMatch(/password/i);
      expect(mail?.parsed.text).not.toContain(NEW_PASSWORD);
    });

    it('by one of 10 requests at once', async () => {
      const { id } = await account(app);
      const token = await resetToken(app, id);
      const responses = await Promise.all(Array.from({ length: 10 }, (_, n) => reset(token, `Another-horse-${n}`)));
      expect(responses.filter(({ status }) => status === 204)).toHaveLength(1);
      expect(responses.filter((response) => errorsOf(response)[0] === '404 invalid_token')).toHaveLength(9);
    });

    it('and an account that was only invited has joined by that; its invitation is void', async () => {
      const { post, get } = await admin(app);
      const email = `${randomUUID()}@example.com`;
      const { id } = (await post('/accounts', document('iam:accounts', { name: 'Ada', email }))).body.data;
      const invitation = await mailedToken(app, email);
      await requestReset(email);
      expect((await reset(await mailedToken(app, email, 2))).status).toBe(204);
      const { joined_at, invitation_expired_at } = (await get(`/accounts/${id}`)).body.data.attributes;
      expect([joined_at, invitation_expired_at]).toEqual([expect.any(String), null]);
      expect(errorsOf(await send(app, 'PATCH', `/accounts/${invitation}/join`))).toEqual(['404 invalid_token']);
      expect((await login(email, NEW_PASSWORD)).status).toBe(200);
    });

    it('and one that joined before keeps the time of it', async () => {
      const { id } = await account(app);
      const before = await secretsOf(app, id);
      await reset(await resetToken(app, id));
      expect((await secretsOf(app, id)).joinedAt).toEqual(before.joinedAt);
    });

    it('not with a token that was never issued', async () => {
      for (const token of ['rubbish', '', 'x'.repeat(200)]) {
        expect(errorsOf(await reset(token))).toEqual(['404 invalid_token']);
      }
      expect(errorsOf(await reset('rubbish', 'weak'))).toEqual(['404 invalid_token']);
    });

    it('not with one that has expired', async () => {
      const { id, email } = await account(app);
      expect(errorsOf(await reset(await resetToken(app, id, -1)))).toEqual(['422 expired_token']);
      expect((await login(email, PASSWORD)).status).toBe(200);
    });

    it('not for a disabled account', async () => {
      const { id } = await account(app, { enabled: false });
      expect(errorsOf(await reset(await resetToken(app, id)))).toEqual(['404 invalid_token']);
    });

    it.each<[string, unknown, string[]]>([
      ['short', 'Ab1!', ['at least 8 characters']],
      ['without an upper-case letter', 'another-horse-9', ['an upper-case letter']],
      ['without a lower-case letter', 'ANOTHER-HORSE-9', ['a lower-case letter']],
      ['without a digit', 'Another-horse-x', ['a digit']],
      ['without a special character', 'AnotherHorse9', ['a special character']],
      ['too long', `Aa1-${'x'.repeat(125)}`, ['at most 128 characters']],
      ['well known', 'Password1!', ['breached']],
      ['the e-mail', 'Jane.Doe.7@Example.com', ['the e-mail address or the name of the account']],
      ['empty', '', ['8 characters', 'upper-case', 'lower-case', 'digit', 'special']],
      ['of another type', 12345678, ['must be a string']],
      ['missing', undefined, ['is required']],
    ])('not by one that is %s; and the token stays good', async (_, password, details) => {
      const { id } = await account(app, { email: `jane.doe.7@example.com`, name: 'Somebody' });
      const token = await resetToken(app, id);
      const response = await reset(token, password === undefined ? null : password);
      expect(errorsOf(response)).toEqual(details.map(() => '422 validation_failed /password'));
      details.forEach((detail, at) => expect(response.body.errors[at].detail).toContain(detail));
      expect(await valid(token)).toEqual({ data: { valid: true } });
      await app.sql('DELETE FROM accounts WHERE id = $1', [id]);
    });

    it('in full: nothing is cut off at 72 bytes', async () => {
      const { id, email } = await account(app);
      const long = `Aa1-${'é'.repeat(120)}`;
      expect((await reset(await resetToken(app, id), `${long}end`)).status).toBe(204);
      expect((await login(email, `${long}END`)).status).toBe(401);
      expect((await login(email, long)).status).toBe(401);
      expect((await login(email, `${long}end`)).status).toBe(200);
    });

    it.each<[string, unknown, string[]]>([
      ['nothing', {}, ['422 validation_failed /token', '422 validation_failed /password']],
      ['a token that is no text', { token: 1, password: NEW_PASSWORD }, ['422 validation_failed /token']],
      [
        'no token and a weak password',
        { password: 'xq' },
        ['422 validation_failed /token', ...Array(4).fill('422 validation_failed /password')],
      ],
      ['a very long token', { token: 'x'.repeat(201), password: NEW_PASSWORD }, ['422 validation_failed /token']],
      [
        'a strange member',
        { token: 'x', password: NEW_PASSWORD, account_id: 'z' },
        ['422 validation_failed /account_id'],
      ],
      ['no object', 'null', ['400 malformed_body ']],
    ])('not by a body with %s', async (_, body, expected) => {
      const response = await send(app, 'POST', '/account/passwords/reset', { body });
      expect(errorsOf(response)).toEqual(expected);
    });
  });

  it.each<[string, Record<string, string>]>([
    ['Host', { host: 'evil.example.net' }],
    ['X-Forwarded-Host', { 'x-forwarded-host': 'evil.example.net', 'x-forwarded-proto': 'http' }],
    ['Forwarded', { forwarded: 'host=evil.example.net;proto=http' }],
    ['Origin and Referer', { origin: 'https://evil.example.net', referer: 'https://evil.example.net/' }],
  ])('leads back to APP_URL whatever the header %s says', async (_, headers) => {
    const { email } = await account(app);
    expect((await requestReset(email, headers)).status).toBe(204);
    const [mail] = await mailsTo(app, email);
    expect(mail?.source).not.toContain('evil');
    const links = mail?.parsed.text?.match(/https?:\/\/\S+/g) ?? [];
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) expect(link).toMatch(new RegExp(`^${APP_URL}/`));
  });
});
