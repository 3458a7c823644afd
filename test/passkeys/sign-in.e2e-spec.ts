import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { mailsTo } from '../accounts/mails.js';
import { cookiesOf } from '../sign-in/browser.js';
import { startApp, type TestApp } from '../support/app.js';
import type { Authenticator, Lie } from '../support/authenticator.js';
import { as, document, errorsOf, type ApiResponse } from '../support/client.js';
import { admin, signedIn, type AccountOptions, type SignedIn } from '../support/factories.js';
import { addPasskey, newDevice, request } from './passkeys.js';

let app: TestApp;

beforeAll(async () => {
  app = await startApp({ env: { NEW_SIGN_IN_MAIL: 'true' } });
});
afterAll(() => app.stop());

const REJECTED = ['401 invalid_credentials'];

/** An account with a passkey on a device, and the id of that. */
async function owner(
  device: Authenticator,
  options: AccountOptions = {},
): Promise<{ readonly user: SignedIn; readonly passkey: string }> {
  const user = await signedIn(app, options);
  const { body, status, text } = await addPasskey(user, device);
  if (status !== 200) throw new Error(text);
  return { user, passkey: body.data.id };
}

/** A sign-in with a device. */
async function signInWith(device: Authenticator, lie?: Lie, more: object = {}): Promise<ApiResponse> {
  const { transaction, options } = await request(as(app), 'sign_in');
  return as(app).post('/auth/passkey', { transaction, response: device.get(options, lie), ...more });
}

const lastEvent = async (accountId: string) => {
  const [event] = await app.sql<{ action: string; details: object }>(
    'SELECT action, details FROM audit_events WHERE target_id = $1 ORDER BY id DESC LIMIT 1',
    [accountId],
  );
  return event;
};

describe('The options of a sign-in', () => {
  it('name no credential, ask for user verification, and differ in their challenge only', async () => {
    const [first, second] = [await request(as(app), 'sign_in'), await request(as(app), 'sign_in')];
    expect(first.options).toEqual({
      rpId: 'app.example.com',
      challenge: expect.stringMatching(/^[\w-]{43}$/),
      allowCredentials: [],
      timeout: 300_000,
      userVerification: 'required',
    });
    expect({ ...second.options, challenge: '' }).toEqual({ ...first.options, challenge: '' });
    expect(first.options.challenge).not.toBe(second.options.challenge);
    expect(first.transaction).not.toBe(second.transaction);
  });

  it('take a purpose that exists', async () => {
    const send = (body: object) => as(app).post('/auth/passkey/options', body);
    expect(errorsOf(await send({ purpose: 'nope' }))).toEqual(['422 validation_failed /purpose']);
    expect(errorsOf(await send({}))).toEqual(['422 validation_failed /purpose']);
    expect(errorsOf(await send({ purpose: 'sign_in', email: 'a@example.com' }))).toEqual([
      '422 validation_failed /email',
    ]);
  });
});

describe('A sign-in by passkey', () => {
  it('needs no name, and is two factors', async () => {
    const device = newDevice();
    const { user, passkey } = await owner(device);
    const response = await signInWith(device);
    expect(response.status).toBe(200);
    expect(response.body.data).toMatchObject({ type: 'iam:account_auths', id: user.account.id });
    const { token, refresh_token: refresh } = response.body.meta;
    expect(decodeJwt(token)).toMatchObject({ sub: user.account.id, amr: ['swk', 'mfa'] });
    expect((await as(app).post('/auth/refresh', { refresh_token: refresh })).status).toBe(200);
    const { last_used_at: used } = (await user.get(`/account_passkeys/${passkey}`)).body.data.attributes;
    expect(Date.now() - Date.parse(used)).toBeLessThan(60_000);
  });

  it('with a key of one device says so', async () => {
    const device = newDevice({ synced: false });
    await owner(device);
    expect(decodeJwt((await signInWith(device)).body.meta.token)['amr']).toEqual(['hwk', 'mfa']);
  });

  it('puts the tokens into cookies where that is asked for, and knows the device from then on', async () => {
    const device = newDevice();
    await owner(device);
    const response = await signInWith(device, undefined, { cookie: true });
    expect(response.body.meta).toBeUndefined();
    expect(Object.keys(cookiesOf(response)).toSorted()).toEqual(['auth-token', 'device', 'refresh-token']);
  });

  it('works with each of several devices, until its passkey is removed', async () => {
    const [phone, laptop] = [newDevice(), newDevice()];
    const { user, passkey } = await owner(phone);
    await addPasskey(user, laptop, { name: 'My laptop' });
    expect((await signInWith(phone)).status).toBe(200);
    expect((await signInWith(laptop)).status).toBe(200);
    expect((await user.delete(`/account_passkeys/${passkey}`)).status).toBe(204);
    expect(errorsOf(await signInWith(phone))).toEqual(REJECTED);
    expect((await signInWith(laptop)).body.data.id).toBe(user.account.id);
  });

  it.each<[string, Lie]>([
    ['without user verification', { userVerified: false }],
    ['without a user', { userPresent: false }],
    ['of another origin', { origin: 'https://evil.example.net' }],
    ['of another domain', { rpId: 'example.net' }],
    ['of a page in a page of another origin', { crossOrigin: true }],
    ['to another challenge', { challenge: randomBytes(32).toString('base64url') }],
    ['of a registration in place of a use', { type: 'webauthn.create' }],
    ['of a key that has become one of one device', { synced: false }],
    ['without a user handle', { userHandle: null }],
    ['with the user handle of another account', { userHandle: randomBytes(16) }],
    ['with the id of an unknown credential', { credentialId: randomBytes(32) }],
  ])('is rejected by a response %s, always with the same error', async (_, lie) => {
    const device = newDevice();
    await owner(device);
    const response = await signInWith(device, lie);
    const plain = await signInWith(unknownDevice(device));
    expect(errorsOf(response)).toEqual(REJECTED);
    expect({ ...response.body.errors[0], id: '' }).toEqual({ ...plain.body.errors[0], id: '' });
    expect((await signInWith(device)).status).toBe(200);
  });

  it('is recorded where it is rejected, with the account where that is known', async () => {
    const device = newDevice();
    const { user } = await owner(device);
    await signInWith(device, { userVerified: false });
    expect(await lastEvent(user.account.id)).toEqual({
      action: 'iam:account_auths.sign_in_failed',
      details: { reason: 'invalid_passkey' },
    });
  });

  it('takes a response once, also of 20 at the same time', async () => {
    const device = newDevice();
    await owner(device);
    const { transaction, options } = await request(as(app), 'sign_in');
    const body = { transaction, response: device.get(options) };
    const all = await Promise.all(Array.from({ length: 20 }, () => as(app).post('/auth/passkey', body)));
    expect(all.map(({ status }) => status).toSorted()).toEqual([200, ...Array.from({ length: 19 }, () => 401)]);
  });

  it('uses its challenge up also where it is rejected', async () => {
    const device = newDevice();
    await owner(device);
    const { transaction, options } = await request(as(app), 'sign_in');
    const send = (lie?: Lie) => as(app).post('/auth/passkey', { transaction, response: device.get(options, lie) });
    expect(errorsOf(await send({ userVerified: false }))).toEqual(REJECTED);
    expect(errorsOf(await send())).toEqual(REJECTED);
  });

  it('takes no challenge that has expired', async () => {
    const device = newDevice();
    await owner(device);
    const { transaction, options } = await request(as(app), 'sign_in');
    await app.sql(`UPDATE one_time_tokens SET expires_at = now() WHERE purpose = 'passkey_sign_in'`);
    const response = device.get(options);
    expect(errorsOf(await as(app).post('/auth/passkey', { transaction, response }))).toEqual(REJECTED);
  });

  it('says that the account is disabled only after the right passkey', async () => {
    const device = newDevice();
    const { user } = await owner(device);
    const root = await admin(app);
    const { id } = user.account;
    await root.patch(`/accounts/${id}`, document('iam:accounts', { enabled: false }, id));
    expect(errorsOf(await signInWith(device, { userVerified: false }))).toEqual(REJECTED);
    expect(errorsOf(await signInWith(device))).toEqual(['401 account_disabled']);
  });

  it.each([
    ['no object', 1, ['422 validation_failed /response']],
    ['empty', {}, ['422 validation_failed /response']],
  ])('takes no response that is %s', async (_, response, errors) => {
    expect(errorsOf(await as(app).post('/auth/passkey', { transaction: 'x', response }))).toEqual(errors);
  });
});

describe('A copy of a device', () => {
  /** A device of which there is a copy, both counting for themselves. */
  async function copied() {
    const device = newDevice({ synced: false });
    const made = await owner(device);
    expect((await signInWith(device)).status).toBe(200);
    const copy = device.copy();
    expect((await signInWith(device)).status).toBe(200);
    return { ...made, device, copy };
  }

  it('is rejected, its owner is mailed, and the audit trail says so', async () => {
    const { user, passkey, copy, device } = await copied();
    expect(errorsOf(await signInWith(copy))).toEqual(REJECTED);
    expect(await lastEvent(passkey)).toEqual({
      action: 'iam:account_passkeys.copy_detected',
      details: { account_id: user.account.id, counter: 2, last_counter: 2 },
    });
    const mails = await mailsTo(app, user.account.email, (all) =>
      all.some(({ parsed }) => parsed.text?.includes('used with a counter') ?? false),
    );
    expect(mails.at(-1)?.parsed.text).toContain('Name: My phone');
    // The device itself has counted on.
    expect((await signInWith(device)).status).toBe(200);
  });

  it('is as good as the device where keys are synced, since these count nothing', async () => {
    const device = newDevice();
    await owner(device);
    expect((await signInWith(device)).status).toBe(200);
    expect((await signInWith(device.copy())).status).toBe(200);
    expect((await signInWith(device)).status).toBe(200);
  });

  it('and the device, at the same time with one counter, are not both taken', async () => {
    const device = newDevice({ synced: false });
    await owner(device);
    const copy = device.copy();
    const all = await Promise.all([signInWith(device), signInWith(copy)]);
    expect(all.map(({ status }) => status).toSorted()).toEqual([200, 401]);
  });
});

/** A device whose key no account has. */
function unknownDevice(like: Authenticator): Authenticator {
  const device = like.copy();
  const [known] = device.credentials.splice(0);
  if (known) device.credentials.push({ ...known, id: randomBytes(32) });
  return device;
}

describe('The limits of sign-ins by passkey', () => {
  let limited: TestApp;

  beforeAll(async () => {
    limited = await startApp({ env: { THROTTLE_DISABLED: 'false', THROTTLE_PER_ADDRESS: '2' } });
  });
  afterAll(() => limited.stop());

  it('are those of an address, and ten times as many for options', async () => {
    const body = { transaction: 'x', response: newDeviceResponse() };
    const attempts = [1, 2, 3].map(() => as(limited).post('/auth/passkey', body));
    expect((await Promise.all(attempts)).map(({ status }) => status).toSorted()).toEqual([401, 401, 429]);
    const asked = Array.from({ length: 21 }, () => as(limited).post('/auth/passkey/options', { purpose: 'sign_in' }));
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 429)).toHaveLength(1);
  });
});

/** A response to a challenge that the service did not make. */
function newDeviceResponse(): object {
  const device = newDevice();
  const challenge = randomBytes(32).toString('base64url');
  device.create({ rp: { id: 'app.example.com' }, user: { id: 'AA' }, challenge });
  return device.get({ rpId: 'app.example.com', challenge });
}
