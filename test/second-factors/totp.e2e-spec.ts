import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { startApp, type TestApp } from '../support/app.js';
import { as, errorsOf } from '../support/client.js';
import { account, admin, signedIn } from '../support/factories.js';
import { cookiesOf } from '../sign-in/browser.js';
import { ageSignIn, sessionIds } from '../sign-in/sessions.js';
import { addFactor, Authenticator, enrolled, firstStep, mfaToken, secondStep } from './factors.js';

describe('An authenticator app', () => {
  let app: TestApp;
  let other: TestApp;

  beforeAll(async () => {
    app = await startApp();
    other = await startApp({ beside: app });
  });
  afterAll(async () => {
    await other.stop();
    await app.stop();
  });

  const stored = async (accountId: string) => {
    const [row] = await app.sql<{ secret: string; last_step: string | null }>(
      'SELECT secret, last_step FROM account_factors WHERE account_id = $1',
      [accountId],
    );
    return row;
  };

  it('is added with a key that is shown once, and stored sealed', async () => {
    const { get, post, account: user } = await signedIn(app);
    const { status, body } = await addFactor({ post }, 'My phone');
    expect(status).toBe(200);
    expect(body.data.attributes).toMatchObject({ name: 'My phone', kind: 'totp', confirmed_at: null });
    expect(body.meta.secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(body.meta.otpauth_uri).toContain(`secret=${body.meta.secret}`);
    expect(decodeURIComponent(body.meta.otpauth_uri)).toContain(user.email);
    expect(body.meta.qr).toMatch(/^<svg /);
    const row = await stored(user.id);
    expect(row?.secret).toMatch(/^v1\./);
    expect((await get('/account_factors')).text).not.toContain(body.meta.secret);
  });

  it('counts once a code was shown, and not before', async () => {
    const { post, get, account: user } = await signedIn(app);
    const { body } = await addFactor({ post });
    expect((await firstStep(app, user)).status).toBe(200);
    const path = `/account_factors/${body.data.id}/confirm`;
    const device = new Authenticator(body.meta.secret);
    expect(errorsOf(await post(path, { code: device.wrong() }))).toEqual(['401 invalid_credentials /code']);
    expect(errorsOf(await post(path, { code: 'abc' }))).toEqual(['422 validation_failed /code']);
    expect((await post(path, { code: device.code() })).status).toBe(200);
    expect(errorsOf(await post(path, { code: device.code() }))).toEqual(['409 conflict']);
    expect(errorsOf(await firstStep(app, user))).toEqual(['401 mfa_required']);
    const [listed] = (await get('/account_factors')).body.data;
    expect(listed.attributes.confirmed_at).not.toBeNull();
  });

  it('ends all other sessions when it is the first one, since they began without', async () => {
    const person = await signedIn(app);
    await firstStep(app, person.account);
    expect(await sessionIds(app, person.account.id)).toHaveLength(2);
    const { body } = await addFactor(person);
    const code = new Authenticator(body.meta.secret).code();
    await person.post(`/account_factors/${body.data.id}/confirm`, { code });
    expect(await sessionIds(app, person.account.id)).toHaveLength(1);
    // The session that proved it goes on, and is fresh.
    expect((await person.post('/account/recovery_codes')).status).toBe(200);
  });

  it('is asked for after the password, before anything of a session exists', async () => {
    const { account: user } = await enrolled(app);
    const before = await sessionIds(app, user.id);
    const response = await as(app).post('/auth/login', { email: user.email, password: user.password, cookie: true });
    expect(errorsOf(response)).toEqual(['401 mfa_required']);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="iam"');
    expect(cookiesOf(response)).toEqual({});
    expect(response.body.errors[0].meta).toEqual({ mfa_token: expect.any(String), factors: ['totp'] });
    expect(await sessionIds(app, user.id)).toEqual(before);
  });

  it('signs in as a password does, and says so', async () => {
    const { account: user, app: device } = await enrolled(app);
    const response = await secondStep(app, await mfaToken(app, user), { code: device.code() });
    expect(response.status).toBe(200);
    expect(response.body.data).toMatchObject({ type: 'iam:account_auths', id: user.id });
    expect(decodeJwt(response.body.meta.token)['amr']).toEqual(['pwd', 'otp', 'mfa']);
    expect((await as(app, response.body.meta.token).get('/auth/me')).status).toBe(200);
  });

  it('puts the tokens into cookies on request', async () => {
    const { account: user, app: device } = await enrolled(app);
    const response = await secondStep(app, await mfaToken(app, user), { code: device.code(), cookie: true });
    expect(response.body.meta).toBeUndefined();
    expect(Object.keys(cookiesOf(response)).sort()).toEqual(['auth-token', 'device', 'refresh-token']);
  });

  it('lets a token of the first step survive wrong codes, and be used once', async () => {
    const { account: user, app: device } = await enrolled(app);
    const token = await mfaToken(app, user);
    const wrong = await secondStep(app, token, { code: device.wrong() });
    expect(errorsOf(wrong)).toEqual(['401 invalid_credentials /code']);
    expect((await secondStep(app, token, { code: device.code() })).status).toBe(200);
    expect(errorsOf(await secondStep(app, token, { code: device.code() }))).toEqual(['404 invalid_token /mfa_token']);
  });

  it('takes no token that has expired, or is of another purpose', async () => {
    const { account: user, app: device } = await enrolled(app);
    const token = await mfaToken(app, user);
    await app.sql(`UPDATE one_time_tokens SET expires_at = now() - interval '1 second' WHERE account_id = $1`, [
      user.id,
    ]);
    expect(errorsOf(await secondStep(app, token, { code: device.code() }))).toEqual(['422 expired_token /mfa_token']);
    await app.sql(
      `UPDATE one_time_tokens SET expires_at = now() + interval '1 day', purpose = 'reset' WHERE account_id = $1`,
      [user.id],
    );
    expect(errorsOf(await secondStep(app, token, { code: device.code() }))).toEqual(['404 invalid_token /mfa_token']);
  });

  it('accepts a code of the step before and after, and of no other', async () => {
    for (const [shift, status] of [
      [-2, 401],
      [-1, 200],
      [1, 200],
      [2, 401],
    ] as const) {
      const { account: user, app: device } = await enrolled(app);
      await app.sql('UPDATE account_factors SET last_step = NULL WHERE account_id = $1', [user.id]);
      // At the end of a step the next one has begun when the code arrives.
      if (30_000 - (Date.now() % 30_000) < 2_000) await new Promise((resolve) => setTimeout(resolve, 2_100));
      const code = device.at(Math.floor(Date.now() / 30_000) + shift);
      const answer = await secondStep(app, await mfaToken(app, user), { code });
      expect([shift, answer.status]).toEqual([shift, status]);
    }
  });

  it('accepts a code once, of 50 at once on two instances too', async () => {
    const { account: user, app: device } = await enrolled(app);
    const tokens = await Promise.all(Array.from({ length: 10 }, () => mfaToken(app, user)));
    const code = device.code();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => secondStep(n % 2 ? app : other, tokens[n % 10] ?? '', { code })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    await app.sql('DELETE FROM factor_attempts');
    expect(errorsOf(await secondStep(app, await mfaToken(app, user), { code }))).toEqual([
      '401 invalid_credentials /code',
    ]);
  });

  it('does not accept the code that confirmed it, or one from before', async () => {
    const { account: user, app: device } = await enrolled(app);
    const step = Number((await stored(user.id))?.last_step);
    for (const used of [step, step - 1]) {
      const answer = await secondStep(app, await mfaToken(app, user), { code: device.at(used) });
      expect(errorsOf(answer)).toEqual(['401 invalid_credentials /code']);
    }
  });

  it('is asked for by a sensitive operation later, together with the password', async () => {
    const { account: user, post, delete: remove, factorId, app: device, token } = await enrolled(app);
    await ageSignIn(user.id, app, other);
    const response = await remove(`/account_factors/${factorId}`);
    expect(errorsOf(response)).toEqual(['403 reauthentication_required']);
    expect(response.body.errors[0].meta).toEqual({ methods: ['password', 'totp'] });
    const { password } = user;
    expect(errorsOf(await post('/auth/reauthenticate', { password }))).toEqual(['422 validation_failed /code']);
    const wrong = await post('/auth/reauthenticate', { password, code: device.wrong() });
    expect(errorsOf(wrong)).toEqual(['401 invalid_credentials /code']);
    const right = await post('/auth/reauthenticate', { password, code: device.code() });
    expect(decodeJwt(right.body.meta.token)['amr']).toEqual(['pwd', 'otp', 'mfa']);
    expect((await as(app, token).delete(`/account_factors/${factorId}`)).status).toBe(204);
    expect((await firstStep(app, user)).status).toBe(200);
  });

  it('needs a recent sign-in to be added, confirmed and removed', async () => {
    const person = await signedIn(app);
    const { body } = await addFactor(person);
    await ageSignIn(person.account.id, app, other);
    const answers = [
      await addFactor(person),
      await person.post(`/account_factors/${body.data.id}/confirm`, { code: '123456' }),
      await person.delete(`/account_factors/${body.data.id}`),
      await person.post('/account/recovery_codes'),
    ];
    expect(answers.map(errorsOf)).toEqual(answers.map(() => ['403 reauthentication_required']));
  });

  it('of another account is out of reach; an admin sees it, and cannot remove it by itself', async () => {
    const { factorId } = await enrolled(app);
    const stranger = await signedIn(app);
    expect(errorsOf(await stranger.get(`/account_factors/${factorId}`))).toEqual(['404 not_found']);
    expect(errorsOf(await stranger.delete(`/account_factors/${factorId}`))).toEqual(['404 not_found']);
    const root = await admin(app);
    expect((await root.get(`/account_factors/${factorId}`)).status).toBe(200);
    expect(errorsOf(await root.delete(`/account_factors/${factorId}`))).toEqual(['403 forbidden']);
  });

  it('is one of ten at most, and an abandoned one makes way for the next', async () => {
    const person = await signedIn(app);
    await addFactor(person);
    await addFactor(person);
    expect((await person.get('/account_factors')).body.data).toHaveLength(1);
    await app.sql(
      `INSERT INTO account_factors (id, account_id, name, secret, confirmed_at)
       SELECT gen_random_uuid(), $1, 'Phone', 'x', now() FROM generate_series(1, 10)`,
      [person.account.id],
    );
    expect(errorsOf(await addFactor(person))).toEqual(['409 conflict']);
  });

  it('takes one factor at a time, and says what is missing', async () => {
    const { account: user, app: device } = await enrolled(app);
    const token = await mfaToken(app, user);
    expect(errorsOf(await secondStep(app, token, {}))).toEqual(['422 validation_failed /code']);
    const both = { code: device.code(), recovery_code: 'AAAAAAAAAA' };
    expect(errorsOf(await secondStep(app, token, both))).toEqual(['400 malformed_body /recovery_code']);
    expect(errorsOf(await as(app).post('/auth/mfa', { code: '123456' }))).toEqual(['422 validation_failed /mfa_token']);
  });

  it('is not asked for where the account is disabled meanwhile, or its password replaced', async () => {
    const { account: user, app: device } = await enrolled(app);
    const token = await mfaToken(app, user);
    await app.sql('UPDATE account_credentials SET version = version + 1 WHERE account_id = $1', [user.id]);
    expect(errorsOf(await secondStep(app, token, { code: device.code() }))).toEqual(['401 invalid_credentials']);
    await app.sql('UPDATE accounts SET enabled = false WHERE id = $1', [user.id]);
    expect(errorsOf(await secondStep(app, token, { code: device.code() }))).toEqual(['404 invalid_token /mfa_token']);
  });

  it('keeps a session from starting while it is being added', async () => {
    const person = await account(app);
    const session = (await as(app).post('/auth/login', { email: person.email, password: person.password })).body.meta;
    const client = as(app, session.token);
    const { body } = await addFactor(client);
    const code = new Authenticator(body.meta.secret).code();
    const [confirmed, ...attempts] = await Promise.all([
      client.post(`/account_factors/${body.data.id}/confirm`, { code }),
      ...Array.from({ length: 8 }, () => firstStep(other, person)),
    ]);
    expect(confirmed?.status).toBe(200);
    // Those that began before have ended again.
    expect(attempts.every(({ status }) => status === 200 || status === 401)).toBe(true);
    expect(await sessionIds(app, person.id)).toHaveLength(1);
  });
});
