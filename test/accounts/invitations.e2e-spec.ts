import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { secretsOf } from '../passwords/tokens.js';
import { startApp, type TestApp } from '../support/app.js';
import { type ApiResponse, as, document, errorsOf, send } from '../support/client.js';
import { account, admin, organization, signedIn, signIn } from '../support/factories.js';
import type { CaughtMail } from '../support/smtp-sink.js';
import { mailedToken, mailsTo, tokenIn } from './mails.js';

const TYPE = 'iam:accounts';
const PASSWORD = 'Another-horse-9';
const REPRESENTATION = { prefer: 'return=representation' };

/** `PATCH /accounts/{token}/join` and `POST /accounts/{id}/resend_invitation`. */
describe('An invitation', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  /** An account that was just invited, with the token of the mail. */
  const invite = async (more: Record<string, unknown> = {}) => {
    const actor = await admin(app);
    const email = `${randomUUID()}@example.com`;
    const created = await actor.post('/accounts', document(TYPE, { name: 'Ada', email, role_name: 'user', ...more }));
    const { id } = created.body.data;
    const token = await mailedToken(app, email);
    return {
      ...actor,
      id: id as string,
      email,
      token,
      shown: async () => (await actor.get(`/accounts/${id}`)).body.data.attributes,
      join: (body?: unknown, headers?: Record<string, string>) =>
        as(app).patch(`/accounts/${token}/join`, body, headers),
      resend: () => actor.post(`/accounts/${id}/resend_invitation`),
    };
  };

  describe('is accepted', () => {
    it('by the token alone, without a body', async () => {
      const { join, shown, email } = await invite();
      const response = await join();
      expect([response.status, response.text]).toEqual([204, '']);
      const { joined_at: joinedAt, invitation_expired_at: expiredAt } = await shown();
      expect(Math.abs(Date.now() - Date.parse(joinedAt))).toBeLessThan(10_000);
      expect(expiredAt).toBeNull();
      expect(errorsOf(await as(app).post('/auth/login', { email, password: '' }))).toEqual(['401 invalid_credentials']);
    });

    it.each<[how: string, body: (attributes: object) => unknown, type: string]>([
      ['a flat body', (attributes) => attributes, 'application/json'],
      ['a document', (attributes) => ({ data: { type: TYPE, attributes } }), 'application/vnd.api+json'],
      [
        'a document with an id',
        (attributes) => ({ data: { type: TYPE, id: randomUUID(), attributes } }),
        'application/json',
      ],
    ])('with a password and a name in %s', async (_how, body, type) => {
      const { join, shown, email } = await invite();
      const response = await join(body({ password: PASSWORD, name: '  Grace ' }), { 'content-type': type });
      expect(response.status).toBe(204);
      expect((await shown()).name).toBe('Grace');
      expect(await signIn(app, { email, password: PASSWORD })).toHaveProperty('token');
    });

    it.each<[body: unknown]>([[{}], [{ data: { type: TYPE } }], [{ data: { type: TYPE, attributes: {} } }], ['null']])(
      'by %j, which says nothing',
      async (body) => {
        const { join, shown } = await invite();
        expect((await join(body)).status).toBe(204);
        expect((await shown()).name).toBe('Ada');
      },
    );

    it('after a look at it, which uses nothing', async () => {
      const { join, email, token } = await invite();
      const look = (): Promise<ApiResponse> => send(app, 'GET', `/accounts/${token}/invitation`);
      const first = await look();
      expect([first.status, first.headers.get('cache-control')]).toEqual([200, 'no-store']);
      expect(first.headers.get('content-type')).toMatch(/^application\/json/);
      const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      expect(first.body).toEqual({ data: { email, name: 'Ada', invited_by: 'First admin', expires_at: time } });
      const days = (Date.parse(first.body.data.expires_at) - Date.now()) / 86_400_000;
      expect(days).toBeGreaterThan(2.9);
      expect((await look()).status).toBe(200);
      expect((await join()).status).toBe(204);
      expect(errorsOf(await look())).toEqual(['404 invalid_token']);
    });

    it('not after it has expired, which a look says too', async () => {
      const { id, token } = await invite();
      await app.sql(`UPDATE one_time_tokens SET expires_at = now() - interval '1 second' WHERE account_id = $1`, [id]);
      expect(errorsOf(await send(app, 'GET', `/accounts/${token}/invitation`))).toEqual(['422 expired_token']);
      expect(errorsOf(await send(app, 'GET', '/accounts/unknown/invitation'))).toEqual(['404 invalid_token']);
    });

    it('not by a document without a type', async () => {
      const { join } = await invite();
      for (const type of [undefined, null]) {
        const untyped = { data: { type, attributes: { name: 'Ada' } } };
        expect(errorsOf(await join(untyped))).toEqual(['400 malformed_body /data/type']);
      }
      expect((await join()).status).toBe(204);
    });

    it('without obeying anything else that the body says', async () => {
      const { join, shown } = await invite();
      const before = await shown();
      const attributes = {
        id: randomUUID(),
        account_id: randomUUID(),
        email: 'else@example.com',
        enabled: false,
        role_name: 'admin',
        role_scope: { org: [await organization(app)] },
        joined_at: '2000-01-01T00:00:00.000Z',
        hashed_password: 'x',
        picture_url: 'https://example.com/x.png',
      };
      expect((await join({ data: { type: TYPE, attributes } })).status).toBe(204);
      const time = expect.any(String);
      const after = await shown();
      expect(after).toEqual({ ...before, joined_at: time, updated_at: time, invitation_expired_at: null });
      expect(after.joined_at > '2001').toBe(true);
    });

    it('with the account in the answer, and a token to set a first password with, when the client prefers', async () => {
      const org = await organization(app);
      const { join, id, get, email } = await invite({ role_scope: { org: [org] } });
      const response = await join(undefined, REPRESENTATION);
      expect(response.status).toBe(200);
      expect(response.headers.get('preference-applied')).toBe('return=representation');
      expect(response.headers.get('content-type')).toBe('application/vnd.api+json');
      expect(response.headers.get('cache-control')).toBe('no-store');
      const shown = await get(`/accounts/${id}`);
      expect(response.body.data).toEqual(shown.body.data);
      expect(response.headers.get('etag')?.split('-')[0]).toBe(shown.headers.get('etag')?.split('-')[0]);
      const { password_reset_token: token, ...rest } = response.body.meta;
      expect(rest).toEqual({});
      expect((await as(app).get(`/account/passwords/token_valid?token=${token}`)).body.data.valid).toBe(true);
      const [row] = await app.sql<{ minutes: number }>(
        `SELECT extract(epoch FROM expires_at - now()) / 60 AS minutes FROM one_time_tokens WHERE account_id = $1`,
        [id],
      );
      expect(Math.round(Number(row?.minutes))).toBe(60);
      expect((await as(app).post('/account/passwords/reset', { token, password: PASSWORD })).status).toBe(204);
      expect(await signIn(app, { email, password: PASSWORD })).toHaveProperty('token');
      expect(errorsOf(await as(app).post('/account/passwords/reset', { token, password: PASSWORD }))).toEqual([
        '404 invalid_token',
      ]);
    });

    it('with no such token where a password was set along with it', async () => {
      const { join } = await invite();
      const response = await join({ password: PASSWORD }, { prefer: 'respond-async, return=representation; wait=10' });
      expect(response.status).toBe(200);
      expect(response.body).not.toHaveProperty('meta');
    });

    it('without the account where the client prefers less or says nothing clear', async () => {
      for (const prefer of ['return=minimal', 'return', 'noreturn=representation', '']) {
        expect([prefer, (await (await invite()).join(undefined, { prefer })).status]).toEqual([prefer, 204]);
      }
    });

    it('also when signed in as another account, or with a stale token of the browser', async () => {
      const { token } = await invite();
      const response = await as(app, 'not.a.token').patch(`/accounts/${token}/join`);
      expect(response.status).toBe(204);
    });

    it('once: of many at the same time one is 204 and all others are 404', async () => {
      const { join, email } = await invite();
      const passwords = Array.from({ length: 6 }, (_, i) => `${PASSWORD}${i}`);
      const responses = await Promise.all(passwords.map((password) => join({ password })));
      expect(responses.map(({ status }) => status).sort()).toEqual([204, ...Array(5).fill(404)]);
      const winner = responses.findIndex(({ status }) => status === 204);
      for (const [i, password] of passwords.entries()) {
        const login = await as(app).post('/auth/login', { email, password });
        expect(login.status).toBe(i === winner ? 200 : 401);
      }
      expect(errorsOf(await join())).toEqual(['404 invalid_token']);
    });

    it('and voids a reset token that the account was sent before', async () => {
      const { join, email } = await invite();
      await as(app).post('/account/passwords/request_reset', { email });
      const token = await mailedToken(app, email, 2);
      expect((await join({ password: PASSWORD })).status).toBe(204);
      expect(errorsOf(await as(app).post('/account/passwords/reset', { token, password: 'Third-horse-10' }))).toEqual([
        '404 invalid_token',
      ]);
    });
  });

  describe('is rejected', () => {
    it('with 404 for every token but its own, each changed character included', async () => {
      const { token, join, id } = await invite();
      const changed = Array.from(
        token,
        (char, i) => token.slice(0, i) + (char === 'A' ? 'B' : 'A') + token.slice(i + 1),
      );
      const [hash = ''] = (await secretsOf(app, id)).invitations;
      for (const wrong of [...changed, `${token}A`, token.slice(1), hash, id, 'null', '%00']) {
        expect([wrong, errorsOf(await as(app).patch(`/accounts/${wrong}/join`))]).toEqual([
          wrong,
          ['404 invalid_token'],
        ]);
      }
      for (const unreadable of ['%ff', 'A'.repeat(500)]) {
        expect(errorsOf(await as(app).patch(`/accounts/${unreadable}/join`))).toEqual(['404 not_found']);
      }
      expect((await join()).status).toBe(204);
    });

    it('with 404 for the token of a password reset', async () => {
      const { email } = await account(app);
      await as(app).post('/account/passwords/request_reset', { email });
      const token = await mailedToken(app, email);
      expect(errorsOf(await as(app).patch(`/accounts/${token}/join`))).toEqual(['404 invalid_token']);
    });

    it('with 422 once it has expired', async () => {
      const { id, join, shown } = await invite();
      await app.sql('UPDATE one_time_tokens SET expires_at = now() WHERE account_id = $1', [id]);
      expect(errorsOf(await join({ password: PASSWORD }))).toEqual(['422 expired_token']);
      expect((await shown()).joined_at).toBeNull();
    });

    it('with 422 for each rule that the password breaks, and the token stays good', async () => {
      const { join, email, shown } = await invite({ name: 'Ada Lovelace' });
      const bad: [password: unknown, rules: number][] = [
        ['zqxwv', 4],
        ['', 5],
        ['nouppercase-1', 1],
        [`${email.toUpperCase()}a`, 1],
        ['Ada.Lovelace1', 1],
        [`Aa1-${'x'.repeat(125)}`, 1],
        [null, 1],
        [7, 1],
      ];
      for (const [password, rules] of bad) {
        const flat = errorsOf(await join({ password }));
        expect([password, flat]).toEqual([password, Array(rules).fill('422 validation_failed /password')]);
        const whole = errorsOf(await join({ data: { type: TYPE, attributes: { password } } }));
        expect(whole).toEqual(flat.map(() => '422 validation_failed /data/attributes/password'));
      }
      expect((await shown()).joined_at).toBeNull();
      expect((await join({ password: PASSWORD })).status).toBe(204);
    });

    it('with 422 for a name that breaks its rules, all errors at once', async () => {
      const { join } = await invite();
      for (const name of ['', ' ', 'a\nb', 'x'.repeat(201), null, 7]) {
        expect(errorsOf(await join({ name, password: PASSWORD }))).toEqual(['422 validation_failed /name']);
      }
      expect(
        errorsOf(await join({ data: { type: TYPE, attributes: { name: '', password: 'Nodigits-' } } })).sort(),
      ).toEqual(['422 validation_failed /data/attributes/name', '422 validation_failed /data/attributes/password']);
      expect((await join({ name: 'Grace' })).status).toBe(204);
    });

    it('with 422 for an unknown member of a flat body, such as a misspelled password, which spends nothing', async () => {
      const { join, shown } = await invite();
      expect(errorsOf(await join({ passwrod: PASSWORD }))).toEqual(['422 validation_failed /passwrod']);
      expect((await shown()).joined_at).toBeNull();
      expect((await join({ password: PASSWORD })).status).toBe(204);
    });

    it('with 400 for what is neither a flat body nor a document', async () => {
      const { join } = await invite();
      for (const body of [
        '{',
        '[]',
        '7',
        '"x"',
        { data: [] },
        { data: null },
        { data: { type: TYPE, attributes: [] } },
      ]) {
        expect(errorsOf(await join(body))).toEqual([expect.stringMatching(/^400 malformed_body/)]);
      }
      expect((await join(undefined)).status).toBe(204);
    });

    it('with 415 for another kind of body, and with 405 for another method', async () => {
      const { join, token } = await invite();
      expect((await join('password=x', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415);
      for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
        expect((await send(app, method, `/accounts/${token}/join`)).status).toBe(405);
      }
      expect((await join()).status).toBe(204);
    });
  });

  describe('is sent again', () => {
    it('with a new token for three more days; the old one is dead', async () => {
      const { id, join, resend, email, shown } = await invite();
      await app.sql(`UPDATE accounts SET invitation_expired_at = now() + interval '1 hour' WHERE id = $1`, [id]);
      const response = await resend();
      expect([response.status, response.text]).toEqual([204, '']);
      const renewed = await mailedToken(app, email, 2);
      expect((Date.parse((await shown()).invitation_expired_at) - Date.now()) / 86_400_000).toBeCloseTo(3, 2);
      expect(errorsOf(await join())).toEqual(['404 invalid_token']);
      expect((await as(app).patch(`/accounts/${renewed}/join`)).status).toBe(204);
    });

    it('after it expired, which makes it good again', async () => {
      const { id, resend, email } = await invite();
      await app.sql(`UPDATE one_time_tokens SET expires_at = now() - interval '1 day' WHERE account_id = $1`, [id]);
      expect((await resend()).status).toBe(204);
      const renewed = await mailedToken(app, email, 2);
      expect((await as(app).patch(`/accounts/${renewed}/join`)).status).toBe(204);
    });

    it('and only the newest of many works', async () => {
      const { id, resend, email } = await invite();
      const responses = await Promise.all([resend(), resend(), resend()]);
      expect(responses.map(({ status }) => status)).toEqual([204, 204, 204]);
      const [hash = ''] = (await secretsOf(app, id)).invitations;
      const isNewest = (mail: CaughtMail) => createHash('sha256').update(tokenIn(mail)).digest('hex') === hash;
      const mails = await mailsTo(app, email, (sent) => sent.some(isNewest));
      for (const mail of [...mails.filter((mail) => !isNewest(mail)), ...mails.filter(isNewest)]) {
        const { status } = await as(app).patch(`/accounts/${tokenIn(mail)}/join`);
        expect(status).toBe(isNewest(mail) ? 204 : 404);
      }
    });

    it('raises the version of the account, so that a stale write is rejected', async () => {
      const { id, resend, get, patch } = await invite();
      const stale = (await get(`/accounts/${id}`)).headers.get('etag') ?? '';
      await resend();
      expect((await patch(`/accounts/${id}`, document(TYPE, { name: 'Grace' }), { 'if-match': stale })).status).toBe(
        412,
      );
    });

    it('never to who has joined: 409', async () => {
      const { join, resend } = await invite();
      await join();
      expect(errorsOf(await resend())).toEqual(['409 conflict']);
    });

    it('not to an unknown account: 404', async () => {
      const { post } = await admin(app);
      for (const id of [randomUUID(), 'nope']) {
        expect(errorsOf(await post(`/accounts/${id}/resend_invitation`))).toEqual(['404 not_found']);
      }
    });

    it('by an owner to their own people, and by no user', async () => {
      const [red, blue] = [await organization(app), await organization(app)];
      const own = await invite({ role_scope: { org: [red] } });
      const others = await invite({ role_scope: { org: [blue] } });
      const shared = await invite({ role_scope: { org: [red, blue] } });
      const owner = await signedIn(app, { role: 'org_owner', org: [red] });
      const user = await signedIn(app, { org: [red] });
      const resend = async (actor: typeof owner, id: string) =>
        (await actor.post(`/accounts/${id}/resend_invitation`)).status;
      expect(await resend(owner, own.id)).toBe(204);
      expect(await resend(owner, others.id)).toBe(404);
      expect(await resend(owner, shared.id)).toBe(403);
      for (const { id } of [own, others, shared]) expect(await resend(user, id)).toBe(403);
      expect((await as(app).post(`/accounts/${own.id}/resend_invitation`)).status).toBe(401);
      expect((await shared.join()).status).toBe(204);
    });
  });
});
