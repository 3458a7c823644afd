import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { ageSignIn, sessionIds } from '../sign-in/sessions.js';
import { startApp, type TestApp } from '../support/app.js';
import type { Authenticator, Lie } from '../support/authenticator.js';
import { as, errorsOf, ids, type ApiResponse } from '../support/client.js';
import { signedIn, signIn, type SignedIn, type TestAccount } from '../support/factories.js';
import { addPasskey, newDevice, request } from './passkeys.js';
import { REQUIRED, RequiredByName } from '../second-factors/required.js';

let app: TestApp;

beforeAll(async () => {
  app = await startApp({ extension: { modules: [RequiredByName] } });
});
afterAll(() => app.stop());

const REJECTED = ['401 invalid_credentials'];

/** An account that has a passkey, and from then on must have a second factor. */
async function owner(device: Authenticator, name = REQUIRED): Promise<SignedIn> {
  const user = await signedIn(app);
  expect((await addPasskey(user, device)).status).toBe(200);
  await app.sql('UPDATE accounts SET name = $2 WHERE id = $1', [user.account.id, name]);
  return user;
}

/** The first step: the error that asks for a second factor. */
async function firstStep({ email, password }: TestAccount) {
  const response = await as(app).post('/auth/login', { email, password });
  expect(errorsOf(response)).toEqual(['401 mfa_required']);
  return response.body.errors[0].meta as { mfa_token: string; factors: string[] };
}

async function secondStep(device: Authenticator, token: string, lie?: Lie): Promise<ApiResponse> {
  const { transaction, options } = await request(as(app), 'mfa', { mfa_token: token });
  const passkey = { transaction, response: device.get(options, lie) };
  return as(app).post('/auth/mfa', { mfa_token: token, passkey });
}

describe('A passkey as second factor', () => {
  it('is not asked for where none is required', async () => {
    const user = await owner(newDevice(), 'Needs one factor');
    expect((await signIn(app, user.account)).token).toEqual(expect.any(String));
  });

  it('is asked for after the password where one is required, and until then there is no session', async () => {
    const device = newDevice();
    const user = await owner(device);
    const before = await sessionIds(app, user.account.id);
    const { mfa_token: token, factors } = await firstStep(user.account);
    expect(factors).toEqual(['passkey']);
    expect(await sessionIds(app, user.account.id)).toEqual(before);
    const response = await secondStep(device, token);
    expect(response.status).toBe(200);
    expect(decodeJwt(response.body.meta.token)['amr']).toEqual(['pwd', 'swk', 'mfa']);
    expect(await sessionIds(app, user.account.id)).toHaveLength(before.length + 1);
  });

  it('is not asked for after a sign-in by passkey, which is two factors', async () => {
    const device = newDevice();
    await owner(device);
    const { transaction, options } = await request(as(app), 'sign_in');
    expect((await as(app).post('/auth/passkey', { transaction, response: device.get(options) })).status).toBe(200);
  });

  it('has options that name the passkeys of the account only', async () => {
    const [device, other] = [newDevice(), newDevice()];
    const user = await owner(device);
    await owner(other);
    const { mfa_token: token } = await firstStep(user.account);
    const { options } = await request(as(app), 'mfa', { mfa_token: token });
    expect(options.allowCredentials?.map(({ id }) => id)).toEqual(
      device.credentials.map(({ id }) => id.toString('base64url')),
    );
  });

  it('is not one of another account, nor without user verification, and the first step stays good', async () => {
    const [device, other] = [newDevice(), newDevice()];
    const user = await owner(device);
    await owner(other);
    const { mfa_token: token } = await firstStep(user.account);
    const { transaction, options } = await request(as(app), 'mfa', { mfa_token: token });
    const passkey = { transaction, response: other.get({ ...options, allowCredentials: [] }) };
    expect(errorsOf(await as(app).post('/auth/mfa', { mfa_token: token, passkey }))).toEqual(REJECTED);
    expect(errorsOf(await secondStep(device, token, { userVerified: false }))).toEqual(REJECTED);
    const [failed] = await app.sql<{ action: string }>(
      'SELECT action FROM audit_events WHERE target_id = $1 ORDER BY id DESC LIMIT 1',
      [user.account.id],
    );
    expect(failed?.action).toBe('iam:account_auths.second_factor_failed');
    expect((await secondStep(device, token)).status).toBe(200);
  });

  it('needs the token of a first step', async () => {
    const options = (body: object) => as(app).post('/auth/passkey/options', { purpose: 'mfa', ...body });
    expect(errorsOf(await options({}))).toEqual(['422 validation_failed /mfa_token']);
    expect(errorsOf(await options({ mfa_token: 'x' }))).toEqual(['404 invalid_token /mfa_token']);
  });

  it('takes no challenge of a sign-in or of another proof', async () => {
    const device = newDevice();
    const user = await owner(device);
    const { mfa_token: token } = await firstStep(user.account);
    for (const { transaction, options } of [await request(as(app), 'sign_in'), await request(user, 'reauthenticate')]) {
      const passkey = { transaction, response: device.get(options) };
      expect(errorsOf(await as(app).post('/auth/mfa', { mfa_token: token, passkey }))).toEqual(REJECTED);
    }
  });

  it('is not removed where it is the last one', async () => {
    const user = await owner(newDevice());
    const [id] = ids(await user.get('/account_passkeys'));
    expect(errorsOf(await user.delete(`/account_passkeys/${id}`))).toEqual(['409 conflict']);
    await addPasskey(user, newDevice());
    expect((await user.delete(`/account_passkeys/${id}`)).status).toBe(204);
  });

  it('ends the other sessions where it is the first one and one is required, and where not, none', async () => {
    for (const [name, left] of [
      [REQUIRED, 1],
      ['Needs one factor', 2],
    ] as const) {
      const user = await signedIn(app, { name });
      await signIn(app, user.account);
      await addPasskey(user, newDevice());
      expect([name, (await sessionIds(app, user.account.id)).length]).toEqual([name, left]);
      expect((await user.get('/auth/me')).status).toBe(200);
    }
  });
});

describe('Proving again who one is by passkey', () => {
  /** An account whose sign-in is an hour old. */
  async function stale(device: Authenticator): Promise<SignedIn> {
    const user = await owner(device, 'Needs one factor');
    await ageSignIn(user.account.id, app);
    return user;
  }

  it('is one of the methods of an account that has one, and needs no password', async () => {
    const device = newDevice();
    const user = await stale(device);
    const needed = await user.post('/account_passkeys/options');
    expect(needed.body.errors[0].meta).toEqual({ methods: ['password', 'passkey'] });
    const { transaction, options } = await request(user, 'reauthenticate');
    const passkey = { transaction, response: device.get(options) };
    const again = await user.post('/auth/reauthenticate', { passkey });
    expect(again.status).toBe(200);
    expect(decodeJwt(again.body.meta.token)['amr']).toEqual(['swk', 'mfa']);
    expect((await as(app, again.body.meta.token).post('/account_passkeys/options')).status).toBe(200);
  });

  it('is not done by a passkey of another account, nor without user verification', async () => {
    const [device, other] = [newDevice(), newDevice()];
    const user = await stale(device);
    await owner(other, 'Needs one factor');
    const send = async (from: Authenticator, lie?: Lie) => {
      const { transaction, options } = await request(user, 'reauthenticate');
      const response = from.get({ ...options, allowCredentials: [] }, lie);
      return user.post('/auth/reauthenticate', { passkey: { transaction, response } });
    };
    expect(errorsOf(await send(other))).toEqual(REJECTED);
    expect(errorsOf(await send(device, { userVerified: false }))).toEqual(REJECTED);
    expect(errorsOf(await user.post('/account_passkeys/options'))).toEqual(['403 reauthentication_required']);
  });

  it('needs a session, and a passkey', async () => {
    const options = { purpose: 'reauthenticate' };
    expect(errorsOf(await as(app).post('/auth/passkey/options', options))).toEqual([
      '401 unauthenticated Authorization',
    ]);
    const user = await signedIn(app);
    expect(errorsOf(await user.post('/auth/passkey/options', options))).toEqual(['409 conflict']);
  });

  it('takes no passkey that is no object with a transaction and a response', async () => {
    const user = await stale(newDevice());
    expect(errorsOf(await user.post('/auth/reauthenticate', { passkey: {} }))).toEqual([
      '422 validation_failed /passkey/transaction',
    ]);
  });
});
