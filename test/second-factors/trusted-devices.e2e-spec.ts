import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { startApp, type TestApp } from '../support/app.js';
import { as, type ApiResponse, errorsOf, ids, send } from '../support/client.js';
import { admin, signedIn } from '../support/factories.js';
import { cookieHeader, cookiesOf } from '../sign-in/browser.js';
import { addFactor, Authenticator, type Enrolled, enrolled, mfaToken, secondStep } from './factors.js';

const COOKIE = 'trusted-device';
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0';

describe('A trusted device', () => {
  let app: TestApp;
  let off: TestApp;

  beforeAll(async () => {
    app = await startApp();
    off = await startApp({ beside: app, env: { TRUSTED_DEVICE_DAYS: '0' } });
  });
  afterAll(async () => {
    await off.stop();
    await app.stop();
  });

  /** Signs in with a code, trusts the device, and gives the value of its cookie. */
  const trust = async ({ account: user, app: device }: Enrolled, cookie = ''): Promise<string> => {
    const body = { mfa_token: await mfaToken(app, user), code: device.code(), trust_device: true };
    const headers = { 'user-agent': FIREFOX, ...(cookie && { cookie: cookieHeader({ [COOKIE]: cookie }) }) };
    return cookiesOf(await send(app, 'POST', '/auth/mfa', { body, headers }))[COOKIE]?.value ?? '';
  };
  const signIn = ({ account: { email, password } }: Enrolled, value: string, on = app, secret = password) => {
    const headers = { cookie: cookieHeader({ [COOKIE]: value }) };
    return send(on, 'POST', '/auth/login', { body: { email, password: secret }, headers });
  };
  const outcome = (response: ApiResponse): string => errorsOf(response)[0] ?? String(response.status);
  const ASKED = '401 mfa_required';

  it('is trusted by a sign-in with a code, with a cookie that no script reads', async () => {
    const person = await enrolled(app);
    const body = { mfa_token: await mfaToken(app, person.account), code: person.app.code(), trust_device: true };
    const { [COOKIE]: cookie } = cookiesOf(await send(app, 'POST', '/auth/mfa', { body }));
    expect(cookie?.value).toMatch(/^[\w-]{43}$/);
    expect(cookie?.attributes).toMatchObject({ httponly: true, samesite: 'Lax', path: '/', 'max-age': '2592000' });
    const [row] = await app.sql<{ hash: string }>('SELECT hash FROM trusted_devices WHERE account_id = $1', [
      person.account.id,
    ]);
    expect(row?.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is not trusted unless that is asked for', async () => {
    const { account: user, app: device, get } = await enrolled(app);
    const response = await secondStep(app, await mfaToken(app, user), { code: device.code() });
    expect(Object.keys(cookiesOf(response))).not.toContain(COOKIE);
    expect((await get('/trusted_devices')).body.data).toEqual([]);
  });

  it('skips the second factor, and never counts as fresh', async () => {
    const person = await enrolled(app);
    const response = await signIn(person, await trust(person));
    expect(response.status).toBe(200);
    const { token } = response.body.meta;
    expect(decodeJwt(token)['amr']).toEqual(['pwd']);
    expect((await as(app, token).get('/auth/me')).status).toBe(200);
    expect(errorsOf(await addFactor(as(app, token)))).toEqual(['403 reauthentication_required']);
    const { password } = person.account;
    expect(errorsOf(await as(app, token).post('/auth/reauthenticate', { password }))).toEqual([
      '422 validation_failed /code',
    ]);
  });

  it('does not replace the password', async () => {
    const person = await enrolled(app);
    expect(outcome(await signIn(person, await trust(person), app, 'Wrong-horse-7'))).toBe('401 invalid_credentials');
  });

  it('is of one account: the cookie of another, or one that was altered, skips nothing', async () => {
    const person = await enrolled(app);
    const other = await enrolled(app);
    const value = await trust(person);
    const altered = `${value[0] === 'A' ? 'B' : 'A'}${value.slice(1)}`;
    expect(outcome(await signIn(other, value))).toBe(ASKED);
    for (const wrong of [altered, value.slice(1), 'x', `${value}x`]) {
      expect(outcome(await signIn(person, wrong))).toBe(ASKED);
    }
    expect(outcome(await signIn(person, value))).toBe('200');
  });

  it('can be trusted by several accounts, and again by the same', async () => {
    const first = await enrolled(app);
    const second = await enrolled(app);
    const both = await trust(second, await trust(first));
    expect(outcome(await signIn(first, both))).toBe('200');
    expect(outcome(await signIn(second, both))).toBe('200');
    await trust(second, both);
    expect((await second.get('/trusted_devices')).body.data).toHaveLength(1);
    expect(outcome(await signIn(second, both))).toBe(ASKED);
  });

  it('is listed with its name and its times, for its owner alone', async () => {
    const person = await enrolled(app);
    const value = await trust(person);
    const unused = (await person.get('/trusted_devices')).body.data[0].attributes;
    expect(unused).toEqual({
      name: 'Firefox, Windows',
      created_at: expect.any(String),
      last_used_at: null,
      expires_at: expect.any(String),
    });
    expect(Date.parse(unused.expires_at) - Date.parse(unused.created_at)).toBe(30 * 24 * 3600 * 1000);
    await signIn(person, value);
    const [{ id, attributes }] = (await person.get('/trusted_devices')).body.data;
    expect(attributes.last_used_at).not.toBeNull();
    for (const stranger of [await signedIn(app), await admin(app)]) {
      expect(ids(await stranger.get('/trusted_devices'))).not.toContain(id);
      expect(errorsOf(await stranger.get(`/trusted_devices/${id}`))).toEqual(['404 not_found']);
      expect(errorsOf(await stranger.delete(`/trusted_devices/${id}`))).toEqual(['404 not_found']);
    }
    const trail = await app.sql(`SELECT action, actor_id FROM audit_events WHERE target_id = $1`, [id]);
    expect(trail).toEqual([{ action: 'iam:trusted_devices.created', actor_id: person.account.id }]);
  });

  const NEW_PASSWORD = 'Better-horse-8';
  const ENDS: Readonly<Record<string, (person: Enrolled) => Promise<unknown>>> = {
    'its removal': async ({ get, delete: remove }) =>
      remove(`/trusted_devices/${(await get('/trusted_devices')).body.data[0].id}`),
    'a new password': ({ account: { id } }) =>
      app.sql('UPDATE account_credentials SET version = version + 1 WHERE account_id = $1', [id]),
    'another factor': async (person) => {
      const { body } = await addFactor(person, 'Tablet');
      const code = new Authenticator(body.meta.secret).code();
      return person.post(`/account_factors/${body.data.id}/confirm`, { code });
    },
    'another version of its factors': ({ account: { id } }) =>
      app.sql('UPDATE account_factor_states SET version = version + 1 WHERE account_id = $1', [id]),
    'a sign-out everywhere': ({ post }) => post('/auth/logout', { everywhere: true }),
    'its expiry': ({ account: { id } }) =>
      app.sql('UPDATE trusted_devices SET expires_at = now() WHERE account_id = $1', [id]),
  };

  it.each(Object.keys(ENDS))('ends with %s', async (name) => {
    const person = await enrolled(app);
    const value = await trust(person);
    expect(outcome(await signIn(person, value))).toBe('200');
    await ENDS[name]?.(person);
    expect(outcome(await signIn(person, value))).toBe(ASKED);
  });

  it('ends with a change of the password by its owner', async () => {
    const person = await enrolled(app);
    const value = await trust(person);
    const { status } = await person.post('/account/passwords/change', {
      current_password: person.account.password,
      new_password: NEW_PASSWORD,
    });
    expect([200, 204]).toContain(status);
    expect(outcome(await signIn(person, value, app, NEW_PASSWORD))).toBe(ASKED);
    expect((await person.get('/trusted_devices')).body.data).toEqual([]);
  });

  it('goes on after a sign-out of this or of the other sessions', async () => {
    const person = await enrolled(app);
    const value = await trust(person);
    await person.post('/auth/logout', { others: true });
    await person.post('/auth/logout', {});
    expect(outcome(await signIn(person, value))).toBe('200');
  });

  it('does not exist with TRUSTED_DEVICE_DAYS=0, and earlier ones are not trusted', async () => {
    const person = await enrolled(app);
    const value = await trust(person);
    expect(outcome(await signIn(person, value, off))).toBe(ASKED);
    const body = { code: person.app.code(), trust_device: true };
    const response = await secondStep(off, await mfaToken(off, person.account), body);
    expect(response.status).toBe(200);
    expect(Object.keys(cookiesOf(response))).not.toContain(COOKIE);
  });

  it('is one of twenty at most', async () => {
    const person = await enrolled(app);
    await app.sql(
      `INSERT INTO trusted_devices
         (id, account_id, hash, name, password_version, factor_version, created_at, expires_at)
       SELECT gen_random_uuid(), $1::uuid, md5($1::text || n) || md5(n::text), 'Old', credentials.version, state.version,
         now() - interval '1 day', now() + interval '1 day'
       FROM generate_series(1, 20) n, account_credentials credentials, account_factor_states state
       WHERE credentials.account_id = $1::uuid AND state.account_id = $1::uuid`,
      [person.account.id],
    );
    const value = await trust(person);
    expect((await person.get('/trusted_devices')).body.data).toHaveLength(20);
    expect(outcome(await signIn(person, value))).toBe('200');
  });
});
