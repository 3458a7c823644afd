import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newToken } from '../../../src/auth/tokens/secrets.js';
import { resetToken, secretsOf } from '../../passwords/tokens.js';
import { ageSignIn } from '../../sign-in/sessions.js';
import { startApp, type TestApp } from '../../support/app.js';
import { as, document, errorsOf, type ApiClient } from '../../support/client.js';
import { account, admin, PASSWORD, signedIn, signIn, type SignedIn } from '../../support/factories.js';
import { mailedToken, mailsTo, tokenIn } from '../mails.js';
import { changed, confirm, emailOf, newAddress } from './email-app.js';

const WAITING = 'SELECT FROM graphile_worker.jobs WHERE attempts > 0 OR run_at <= now()';

describe('Changing the e-mail of the own account', () => {
  let app: TestApp;
  let root: ApiClient;
  let user: SignedIn;

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
  });
  afterAll(() => app.stop());

  /** Waits until every mail that is due was sent. */
  const idle = async (): Promise<void> => {
    while ((await app.sql(WAITING)).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  it('changes nothing before the new one is proved, and then the row and its version', async () => {
    user = await signedIn(app);
    const { id, email: former } = user.account;
    const email = newAddress();
    const before = await user.get(`/accounts/${id}`);
    const response = await user.post('/account/email', { email: ` ${email} ` });
    expect([response.status, response.text]).toEqual([204, '']);
    const token = await mailedToken(app, email);
    expect((await user.get(`/accounts/${id}`)).headers.get('etag')).toBe(before.headers.get('etag'));
    expect((await signIn(app, { email: former, password: PASSWORD })).token).toEqual(expect.any(String));
    // The token proves the e-mail: no session is needed.
    const confirmed = await confirm(app, token);
    expect([confirmed.status, confirmed.text]).toEqual([204, '']);
    const after = await user.get(`/accounts/${id}`);
    expect(after.body.data.attributes.email).toBe(email);
    expect(after.body.data.meta.version).toBe(before.body.data.meta.version + 1);
    expect((await user.get('/auth/me')).body.data.attributes.email).toBe(email);
    expect((await as(app).post('/auth/login', { email: former, password: PASSWORD })).status).toBe(401);
    expect((await signIn(app, { email, password: PASSWORD })).token).toEqual(expect.any(String));
  });

  it('mails the new one, and after the change the former one, in the language of the account', async () => {
    user = await signedIn(app, { columns: { locale: 'de' } });
    const email = newAddress();
    await user.post('/account/email', { email }, { 'accept-language': 'en' });
    const [proof] = await mailsTo(app, email);
    expect(proof?.parsed.subject).toBe('E-Mail-Adresse für Iam bestätigen');
    expect(proof?.parsed.text).toContain(`/confirm-email?token=`);
    expect(app.mails.mails.some(({ recipients }) => recipients.includes(user.account.email))).toBe(false);
    await confirm(app, tokenIn(proof!));
    const [notice] = await mailsTo(app, user.account.email);
    expect(notice?.parsed.subject).toBe('Die E-Mail-Adresse Ihres Kontos bei Iam wurde geändert');
    expect(notice?.parsed.text).toContain(`/revert-email?token=`);
    expect(notice?.source).not.toContain(email);
  });

  it('needs a recent sign-in', async () => {
    user = await signedIn(app);
    await ageSignIn(user.account.id, app);
    const stale = await user.post('/account/email', { email: newAddress() });
    expect(errorsOf(stale)).toEqual(['403 reauthentication_required']);
    expect(stale.body.errors[0].meta).toEqual({ methods: ['password'] });
    const again = await user.post('/auth/reauthenticate', { password: PASSWORD });
    const fresh = await as(app, again.body.meta.token).post('/account/email', { email: newAddress() });
    expect(fresh.status).toBe(204);
  });

  it.each([
    [undefined, ['400 malformed_body ']],
    [{}, ['422 validation_failed /email']],
    [{ email: 7 }, ['422 validation_failed /email']],
    [{ email: 'nope' }, ['422 validation_failed /email']],
    [{ email: 'a@no..dots.example' }, ['422 validation_failed /email']],
    [{ email: `${'a'.repeat(64)}@${'b'.repeat(250)}.example` }, ['422 validation_failed /email']],
    [{ email: 'a@example.com', id: 'x' }, ['422 validation_failed /id']],
  ])('takes no body like %j', async (body, errors) => {
    user = await signedIn(app);
    const response = await user.post('/account/email', body);
    expect([...new Set(errorsOf(response))]).toEqual(errors);
  });

  it('answers the same for an e-mail that is taken, and mails its owner only', async () => {
    user = await signedIn(app);
    const other = await account(app, { name: 'Ada' });
    const mails = app.mails.mails.length;
    const [free, taken] = [
      await user.post('/account/email', { email: newAddress() }),
      await user.post('/account/email', { email: other.email.toUpperCase() }),
    ];
    expect([taken.status, taken.text]).toEqual([free.status, free.text]);
    const [notice] = await mailsTo(app, other.email);
    expect(notice?.parsed.subject).toBe('Your e-mail was entered for another Iam account');
    expect(notice?.parsed.text).not.toContain('/confirm-email');
    expect(notice?.source).not.toContain(user.account.email);
    await idle();
    // At most the two: one job replaces a waiting one of the account.
    expect(app.mails.mails.length - mails).toBeLessThanOrEqual(2);
    expect(await emailOf(app, user.account.id)).toBe(user.account.email);
  });

  it('has one link: that of the newest request', async () => {
    user = await signedIn(app);
    const [first, second] = [newAddress(), newAddress()];
    await user.post('/account/email', { email: first });
    const old = await mailedToken(app, first);
    await user.post('/account/email', { email: second });
    const token = await mailedToken(app, second);
    expect(errorsOf(await confirm(app, old))).toEqual(['404 invalid_token']);
    expect((await confirm(app, token)).status).toBe(204);
    expect(errorsOf(await confirm(app, token))).toEqual(['404 invalid_token']);
    expect(await emailOf(app, user.account.id)).toBe(second);
  });

  it('has one link, whatever number of requests come at once', async () => {
    user = await signedIn(app);
    const addresses = Array.from({ length: 8 }, newAddress);
    const responses = await Promise.all(addresses.map((email) => user.post('/account/email', { email })));
    expect(responses.map(({ status }) => status)).toEqual(addresses.map(() => 204));
    await idle();
    const tokens = app.mails.mails
      .filter(({ recipients }) => addresses.some((email) => recipients.includes(email)))
      .map(tokenIn);
    const confirmed = await Promise.all(tokens.map((token) => confirm(app, token)));
    expect(confirmed.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(addresses).toContain(await emailOf(app, user.account.id));
  });

  it('is void when the session that asked for it ends before its mail is written', async () => {
    user = await signedIn(app);
    const [email, { id }] = [newAddress(), user.account];
    const [session] = await app.sql<{ id: string }>('SELECT id FROM account_sessions WHERE account_id = $1', [id]);
    await user.post('/auth/logout');
    await app.sql(`SELECT graphile_worker.add_job('accounts.request_email_change', $1::json)`, [
      JSON.stringify({ accountId: id, email, actorId: id, sessionId: session?.id }),
    ]);
    await idle();
    expect(app.mails.mails.filter(({ recipients }) => recipients.includes(email))).toEqual([]);
    expect(await app.sql('SELECT 1 FROM one_time_tokens WHERE account_id = $1', [id])).toEqual([]);
  });

  it('is done by one of 20 who have the link at once', async () => {
    user = await signedIn(app);
    const email = newAddress();
    await user.post('/account/email', { email });
    const token = await mailedToken(app, email);
    const responses = await Promise.all(Array.from({ length: 20 }, () => confirm(app, token)));
    expect(responses.map(({ status }) => status).sort()).toEqual([204, ...Array.from({ length: 19 }, () => 404)]);
    expect((await mailsTo(app, user.account.email)).length).toBe(1);
  });

  it('gives an e-mail to one of two accounts that prove it at once', async () => {
    const users = [await signedIn(app), await signedIn(app)];
    const email = newAddress();
    const tokens: string[] = [];
    for (const [place, { post }] of users.entries()) {
      await post('/account/email', { email });
      tokens.push(await mailedToken(app, email, place + 1));
    }
    const responses = await Promise.all(tokens.map((token) => confirm(app, token)));
    expect(responses.map(({ status }) => status).sort()).toEqual([204, 409]);
    const loser = responses.find(({ status }) => status === 409);
    expect(errorsOf(loser!)).toEqual(['409 conflict']);
  });

  it('keeps an e-mail from an account that is created while it is proved', async () => {
    user = await signedIn(app);
    const email = newAddress();
    await user.post('/account/email', { email });
    const token = await mailedToken(app, email);
    const create = () => root.post('/accounts', document('iam:accounts', { email }));
    const [confirmed, created] = await Promise.all([confirm(app, token), create()]);
    const outcomes = [
      [204, 409],
      [409, 200],
    ];
    expect(outcomes).toContainEqual([confirmed.status, created.status]);
  });

  it('voids links that were mailed to the former one', async () => {
    user = await signedIn(app);
    const { id, email: former } = user.account;
    await as(app).post('/account/passwords/request_reset', { email: former });
    const reset = await mailedToken(app, former);
    const email = newAddress();
    await user.post('/account/email', { email });
    await confirm(app, await mailedToken(app, email));
    const body = { token: reset, password: 'Another-horse-9' };
    expect(errorsOf(await as(app).post('/account/passwords/reset', body))).toEqual(['404 invalid_token']);
    await as(app).post('/account/passwords/request_reset', { email });
    const next = await mailedToken(app, email, 2);
    expect((await as(app).post('/account/passwords/reset', { ...body, token: next })).status).toBe(204);
    expect((await secretsOf(app, id)).resets).toEqual([]);
  });

  it.each([
    ['disabled', { enabled: false }],
    ['given another password', null],
  ])('is void once the account is %s', async (_, attributes) => {
    user = await signedIn(app);
    const { id } = user.account;
    const email = newAddress();
    await user.post('/account/email', { email });
    const token = await mailedToken(app, email);
    if (attributes) await root.patch(`/accounts/${id}`, document('iam:accounts', attributes, id));
    else {
      const reset = { token: await resetToken(app, id), password: 'Another-horse-9' };
      expect((await as(app).post('/account/passwords/reset', reset)).status).toBe(204);
    }
    expect(errorsOf(await confirm(app, token))).toEqual(['404 invalid_token']);
  });

  it('says of a link that it has expired, after a day', async () => {
    user = await signedIn(app);
    const email = newAddress();
    await user.post('/account/email', { email });
    const token = await mailedToken(app, email);
    const [row] = await app.sql<{ hours: number }>(
      `UPDATE one_time_tokens SET expires_at = now() WHERE account_id = $1
       RETURNING extract(epoch FROM now() - created_at) / 3600 AS hours`,
      [user.account.id],
    );
    expect(Number(row?.hours)).toBeLessThan(1);
    expect(errorsOf(await confirm(app, token))).toEqual(['422 expired_token']);
    expect(errorsOf(await confirm(app, newToken().token))).toEqual(['404 invalid_token']);
    expect(errorsOf(await confirm(app, ''))).toEqual(['404 invalid_token']);
  });

  it('is recorded, with no e-mail in it', async () => {
    const { user: person, email, former } = await changed(app);
    const events = await app.sql<{ action: string; text: string; actor_id: string }>(
      `SELECT action, actor_id, event::text AS text FROM audit_events event
       WHERE target_id = $1 AND action LIKE 'iam:accounts.email%' ORDER BY id`,
      [person.account.id],
    );
    expect(events.map(({ action }) => action)).toEqual([
      'iam:accounts.email_change_requested',
      'iam:accounts.email_changed',
    ]);
    expect(events.every(({ actor_id }) => actor_id === person.account.id)).toBe(true);
    expect(JSON.stringify(events)).not.toContain(email);
    expect(JSON.stringify(events)).not.toContain(former);
  });

  it('of spelling only keeps the account, and notifies the former spelling', async () => {
    user = await signedIn(app, { email: `jane-${Date.now()}@example.com` });
    const email = user.account.email.replace('jane', 'Jane');
    await user.post('/account/email', { email });
    expect((await confirm(app, await mailedToken(app, email))).status).toBe(204);
    expect(await emailOf(app, user.account.id)).toBe(email);
    expect(await mailedToken(app, user.account.email)).toEqual(expect.any(String));
  });
});

describe('Asking for many e-mails', () => {
  it('is limited by account, and mails to one e-mail by recipient', async () => {
    const app = await startApp({ env: { THROTTLE_DISABLED: 'false' } });
    const [one, other] = [await signedIn(app), await signedIn(app)];
    const victim = newAddress();
    const responses = [];
    for (let n = 0; n < 11; n++) responses.push(await one.post('/account/email', { email: victim }));
    expect(responses.map(({ status }) => status)).toEqual([...Array.from({ length: 10 }, () => 204), 429]);
    expect((await other.post('/account/email', { email: newAddress() })).status).toBe(204);
    await mailsTo(app, victim);
    expect(app.mails.mails.filter(({ recipients }) => recipients.includes(victim)).length).toBeLessThanOrEqual(5);
    // A limit of its own: passwords are counted apart.
    const login = await as(app).post('/auth/login', { email: one.account.email, password: PASSWORD });
    expect(login.status).toBe(200);
    await app.stop();
  });
});
