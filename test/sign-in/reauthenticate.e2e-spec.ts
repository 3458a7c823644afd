import { Controller, Module, Post } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { SignedIn } from '../../src/auth/authorization/actor.js';
import { RequiresFreshSignIn } from '../../src/auth/authentication/fresh-sign-in.js';
import { RefreshTokens } from '../../src/auth/tokens/secrets.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, errorsOf, type ApiResponse } from '../support/client.js';
import { account, PASSWORD, signedIn } from '../support/factories.js';
import { Browser } from './browser.js';
import { ageSignIn, sessionIds } from './sessions.js';

@Controller('sensitive')
class SensitiveController {
  @Post()
  @SignedIn()
  @RequiresFreshSignIn()
  act(): object {
    return { done: true };
  }
}

@Module({ controllers: [SensitiveController] })
class SensitiveModule {}

const extension = { modules: [SensitiveModule] };

describe('Proving again who one is', () => {
  let app: TestApp;
  let other: TestApp;

  beforeAll(async () => {
    app = await startApp({ extension });
    other = await startApp({ extension, beside: app });
  });
  afterAll(async () => {
    await other.stop();
    await app.stop();
  });

  /** A person whose sign-in is an hour old, on each instance. */
  const person = async () => {
    const user = await signedIn(app);
    await ageSignIn(user.account.id, app, other);
    return user;
  };
  const act = (token: string, at = app): Promise<ApiResponse> => as(at, token).post('/sensitive');

  it('is not needed after a recent sign-in', async () => {
    const { token } = await signedIn(app);
    expect((await act(token)).status).toBe(201);
  });

  it('is needed once the sign-in is old, with what the account can use', async () => {
    const { token, get } = await person();
    const response = await act(token);
    expect(errorsOf(response)).toEqual(['403 reauthentication_required']);
    expect(response.body.errors[0].meta).toEqual({ methods: ['password'] });
    // Everything else goes on.
    expect((await get('/auth/me')).status).toBe(200);
  });

  it('names no method that the account has not', async () => {
    const { token, account: user } = await person();
    await app.sql('UPDATE account_credentials SET hashed_password = NULL WHERE account_id = $1', [user.id]);
    expect((await act(token)).body.errors[0].meta).toEqual({ methods: [] });
  });

  it('answers as a sign-in does, and keeps the session', async () => {
    const { token, account: user, post } = await person();
    const [before] = await sessionIds(app, user.id);
    const response = await post('/auth/reauthenticate', { password: PASSWORD });
    expect(response.status).toBe(200);
    expect(response.body.data).toMatchObject({ type: 'iam:account_auths', id: user.id });
    const { sid, amr, auth_time: time } = decodeJwt(response.body.meta.token);
    expect([sid, amr]).toEqual([before, ['pwd']]);
    expect(Math.abs(Number(time) - Date.now() / 1000)).toBeLessThan(30);
    expect(await sessionIds(app, user.id)).toEqual([before]);
    expect((await act(response.body.meta.token)).status).toBe(201);
    // It is the session that is fresh, not the token; and on another instance too.
    expect((await act(token)).status).toBe(201);
    expect((await act(token, other)).status).toBe(201);
    const refreshed = await as(app).post('/auth/refresh', { refresh_token: response.body.meta.refresh_token });
    expect(refreshed.status).toBe(200);
  });

  it('counts on an instance that knows the session from before', async () => {
    const { token, post } = await person();
    expect(errorsOf(await act(token, other))).toEqual(['403 reauthentication_required']);
    await post('/auth/reauthenticate', { password: PASSWORD });
    expect((await act(token, other)).status).toBe(201);
  });

  it('is not done by a refresh, which keeps when and how the account signed in', async () => {
    const { refreshToken, account: user } = await person();
    const [session] = await app.sql<{ at: Date }>(
      'SELECT authenticated_at AS at FROM account_sessions WHERE account_id = $1',
      [user.id],
    );
    const refreshed = await as(app).post('/auth/refresh', { refresh_token: refreshToken });
    const { amr, auth_time: time } = decodeJwt(refreshed.body.meta.token);
    expect(amr).toEqual(['pwd']);
    expect(time).toBe(Math.floor(Number(session?.at) / 1000));
    expect(errorsOf(await act(refreshed.body.meta.token))).toEqual(['403 reauthentication_required']);
  });

  it('gives cookies to a browser that came with cookies', async () => {
    const user = await account(app);
    const browser = new Browser(app);
    await browser.signIn(user);
    const before = browser.cookie('refresh-token');
    const response = await browser.send('POST', '/auth/reauthenticate', { body: { password: PASSWORD } });
    expect([response.status, response.body.meta]).toEqual([200, undefined]);
    expect(browser.cookie('refresh-token')).not.toBe(before);
    expect((await browser.send('POST', '/auth/refresh')).status).toBe(200);
  });

  it('fails with the wrong password and changes nothing', async () => {
    const { token, post, refreshToken } = await person();
    const response = await post('/auth/reauthenticate', { password: 'Wrong-horse-7' });
    expect(errorsOf(response)).toEqual(['401 invalid_credentials']);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="iam"');
    expect(errorsOf(await act(token))).toEqual(['403 reauthentication_required']);
    expect((await as(app).post('/auth/refresh', { refresh_token: refreshToken })).status).toBe(200);
  });

  it.each([
    [undefined, '400 malformed_body'],
    [{}, '422 validation_failed /password'],
    [{ password: 7 }, '422 validation_failed /password'],
  ])('takes no body like %p', async (body, error) => {
    const { post } = await signedIn(app);
    expect(errorsOf(await post('/auth/reauthenticate', body))[0]).toContain(error.slice(0, 3));
  });

  it('is for sessions: anonymous requests are 401', async () => {
    expect(errorsOf(await as(app).post('/auth/reauthenticate', { password: PASSWORD }))).toEqual([
      '401 unauthenticated Authorization',
    ]);
  });

  it('is recorded, and so is a failure', async () => {
    const { account: user, post } = await person();
    await post('/auth/reauthenticate', { password: 'Wrong-horse-7' });
    await post('/auth/reauthenticate', { password: PASSWORD });
    const events = await app.sql<{ action: string }>(
      `SELECT action FROM audit_events WHERE actor_id = $1 AND action LIKE '%reauthenticat%' ORDER BY id`,
      [user.id],
    );
    expect(events.map(({ action }) => action)).toEqual([
      'iam:account_auths.reauthentication_failed',
      'iam:account_auths.reauthenticated',
    ]);
  });

  it('of 10 at once keeps one chain of refresh tokens', async () => {
    const { post } = await person();
    const responses = await Promise.all(
      Array.from({ length: 10 }, () => post('/auth/reauthenticate', { password: PASSWORD })),
    );
    expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 200));
    // An earlier one is reused when it is sent, which ends the session.
    const seqOf = (token: string): number => app.nest.get(RefreshTokens, { strict: false }).parse(token)?.seq ?? -1;
    const tokens = responses.map(({ body }): string => body.meta.refresh_token);
    const [newest = ''] = tokens.toSorted((one, other) => seqOf(other) - seqOf(one));
    expect(new Set(tokens.map(seqOf)).size).toBe(10);
    expect((await as(app).post('/auth/refresh', { refresh_token: newest })).status).toBe(200);
  });

  it('meets a change of the password without a deadlock, and the old password then proves nothing', async () => {
    const { post } = await signedIn(app);
    const change = { current_password: PASSWORD, new_password: 'Another-horse-9' };
    const responses = await Promise.all([
      post('/account/passwords/change', change),
      ...Array.from({ length: 5 }, () => post('/auth/reauthenticate', { password: PASSWORD })),
    ]);
    expect(responses.filter(({ status }) => status >= 500)).toEqual([]);
    expect(errorsOf(await post('/auth/reauthenticate', { password: PASSWORD }))).toEqual(['401 invalid_credentials']);
    expect((await post('/auth/reauthenticate', { password: 'Another-horse-9' })).status).toBe(200);
  });

  it('shows in the list of sessions', async () => {
    const { get, account: user } = await person();
    const { data } = (await get('/account_sessions?sort=-authenticated_at')).body;
    expect(data[0].attributes).toMatchObject({ account_id: user.id, amr: ['pwd'] });
    expect(Date.now() - Date.parse(data[0].attributes.authenticated_at)).toBeGreaterThan(3_500_000);
    expect((await get('/account_sessions?sort=amr')).status).toBe(400);
  });
});

describe('Guessing a password by proving again who one is', () => {
  it('is limited as sign-in is, and apart from it', async () => {
    const app = await startApp({ env: { THROTTLE_DISABLED: 'false' } });
    const { post, account: user } = await signedIn(app);
    const wrong = { password: 'Wrong-horse-7' };
    const responses = await Promise.all(Array.from({ length: 20 }, () => post('/auth/reauthenticate', wrong)));
    const evaluated = responses.filter(({ status }) => status === 401);
    expect(evaluated.length).toBeLessThanOrEqual(5);
    expect(responses.filter(({ status }) => status === 429)).toHaveLength(20 - evaluated.length);
    expect((await as(app).post('/auth/login', { email: user.email, password: PASSWORD })).status).toBe(200);
    await app.stop();
  });
});
