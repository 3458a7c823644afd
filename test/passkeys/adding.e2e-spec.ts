import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { cbor, type Lie, map } from '../support/authenticator.js';
import type { CaughtMail } from '../support/smtp-sink.js';
import { as, document, errorsOf, ids } from '../support/client.js';
import { admin, signedIn, type SignedIn, signIn } from '../support/factories.js';
import { mailedToken, mailsTo, tokenIn } from '../accounts/mails.js';
import { ageSignIn } from '../sign-in/sessions.js';
import { addPasskey, creation, newDevice } from './passkeys.js';

let app: TestApp;

beforeAll(async () => {
  app = await startApp({ env: { CORS_ORIGINS: 'https://other.example.com,https://deep.app.example.com' } });
});
afterAll(() => app.stop());

/** The mails to a user whose subject has this text, once there is one. */
async function mailsAbout({ account: { email } }: SignedIn, text: string): Promise<CaughtMail[]> {
  const isAbout = ({ parsed }: CaughtMail): boolean => parsed.subject?.includes(text) ?? false;
  return (await mailsTo(app, email, (mails) => mails.some(isAbout))).filter(isAbout);
}

const NOT_A_RESPONSE = ['422 validation_failed /response'];

describe('The options for a new passkey', () => {
  it('ask for a discoverable credential with user verification, and for no attestation', async () => {
    const user = await signedIn(app, { name: 'Ada' });
    const { options, transaction } = await creation(user);
    expect(transaction).toMatch(/^[\w-]{43}$/);
    expect(options).toMatchObject({
      rp: { id: 'app.example.com', name: 'Iam' },
      user: { name: user.account.email, displayName: 'Ada' },
      attestation: 'none',
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      pubKeyCredParams: [-7, -8, -257].map((alg) => ({ alg, type: 'public-key' })),
      timeout: 300_000,
      excludeCredentials: [],
    });
    // The handle says nothing about a person.
    expect(Buffer.from(options.user.id, 'base64url').toString('hex')).toBe(user.account.id.replaceAll('-', ''));
  });

  it('differ each time, and exclude the passkeys that the account has', async () => {
    const user = await signedIn(app);
    const device = newDevice();
    await addPasskey(user, device);
    const [first, second] = [await creation(user), await creation(user)];
    expect(first.options.challenge).not.toBe(second.options.challenge);
    expect(first.options.excludeCredentials).toEqual([
      { id: device.credentials[0]?.id.toString('base64url'), type: 'public-key', transports: ['internal', 'hybrid'] },
    ]);
  });
});

describe('A passkey', () => {
  it('is added by the response of an authenticator, with a mail and a line in the audit trail', async () => {
    const user = await signedIn(app);
    const added = await addPasskey(user, newDevice(), { name: '  My phone ' });
    expect(added.status).toBe(200);
    const { id, type, attributes } = added.body.data;
    expect(type).toBe('iam:account_passkeys');
    expect(attributes).toEqual({
      name: 'My phone',
      backed_up: true,
      created_at: expect.any(String),
      last_used_at: null,
    });
    expect((await user.get(`/account_passkeys/${id}`)).body.data.attributes).toEqual(attributes);
    const [mail] = await mailsAbout(user, 'was added');
    expect(mail?.parsed.text).toContain('Name: My phone');
    const trail = await app.sql('SELECT action, actor_id FROM audit_events WHERE target_id = $1', [id]);
    expect(trail).toEqual([{ action: 'iam:account_passkeys.created', actor_id: user.account.id }]);
  });

  it('of one device says that it is not synced', async () => {
    const user = await signedIn(app);
    const { body } = await addPasskey(user, newDevice({ synced: false }));
    expect(body.data.attributes.backed_up).toBe(false);
  });

  it('may be made on a page of CORS_ORIGINS below the domain', async () => {
    const user = await signedIn(app);
    const { status } = await addPasskey(user, newDevice({ origin: 'https://deep.app.example.com' }));
    expect(status).toBe(200);
  });

  it.each<[string, Lie]>([
    ['without user verification', { userVerified: false }],
    ['without a user', { userPresent: false }],
    ['of another origin', { origin: 'https://evil.example.net' }],
    ['of an origin of CORS_ORIGINS outside of the domain', { origin: 'https://other.example.com' }],
    ['of the domain over http', { origin: 'http://app.example.com' }],
    ['of another domain', { rpId: 'example.net' }],
    ['of a page in a page of another origin', { crossOrigin: true }],
    ['to another challenge', { challenge: randomBytes(32).toString('base64url') }],
    ['of a use in place of a registration', { type: 'webauthn.get' }],
    ['with a credential id that is too long', { credentialId: randomBytes(1_024) }],
  ])('is not added by a response %s', async (_, lie) => {
    const user = await signedIn(app);
    expect(errorsOf(await addPasskey(user, newDevice(), { lie }))).toEqual(NOT_A_RESPONSE);
    expect(ids(await user.get('/account_passkeys'))).toEqual([]);
  });

  it('may have a credential id of 1,023 bytes', async () => {
    const user = await signedIn(app);
    const lie = { credentialId: randomBytes(1_023) };
    expect((await addPasskey(user, newDevice(), { lie })).status).toBe(200);
  });

  it('is taken with an attestation that was not asked for, which is not looked at', async () => {
    const user = await signedIn(app);
    const statement = map([
      [cbor.text('alg'), cbor.int(-7)],
      [cbor.text('sig'), cbor.bytes(randomBytes(64))],
    ]);
    expect((await addPasskey(user, newDevice(), { lie: { statement: ['packed', statement] } })).status).toBe(200);
  });

  it('is not added twice by one response', async () => {
    const user = await signedIn(app);
    const { transaction, options } = await creation(user);
    const body = { transaction, name: 'A', response: newDevice().create(options) };
    expect((await user.post('/account_passkeys', body)).status).toBe(200);
    expect(errorsOf(await user.post('/account_passkeys', body))).toEqual(['404 invalid_token /transaction']);
  });

  it('uses its challenge up also where it is not valid', async () => {
    const user = await signedIn(app);
    const { transaction, options } = await creation(user);
    const device = newDevice();
    const send = (lie?: Lie) =>
      user.post('/account_passkeys', { transaction, name: 'A', response: device.create(options, lie) });
    expect(errorsOf(await send({ userVerified: false }))).toEqual(NOT_A_RESPONSE);
    expect(errorsOf(await send())).toEqual(['404 invalid_token /transaction']);
  });

  it('is not added with the challenge of another account', async () => {
    const [one, other] = [await signedIn(app), await signedIn(app)];
    const { transaction, options } = await creation(one);
    const body = { transaction, name: 'A', response: newDevice().create(options) };
    expect(errorsOf(await other.post('/account_passkeys', body))).toEqual(['404 invalid_token /transaction']);
    expect(errorsOf(await one.post('/account_passkeys', body))).toEqual(['404 invalid_token /transaction']);
  });

  it('belongs to one account', async () => {
    const [one, other] = [await signedIn(app), await signedIn(app)];
    const lie = { credentialId: randomBytes(32) };
    expect((await addPasskey(one, newDevice(), { lie })).status).toBe(200);
    expect(errorsOf(await addPasskey(other, newDevice(), { lie }))).toEqual(['409 conflict']);
  });

  it('is one of 20 at most, also of parallel requests', async () => {
    const user = await signedIn(app);
    await app.sql(
      `INSERT INTO account_passkeys (id, account_id, name, credential_id, public_key, backup_eligible, backed_up)
       SELECT gen_random_uuid(), $1, 'A', uuid_send(gen_random_uuid()), '', true, true FROM generate_series(1, 18)`,
      [user.account.id],
    );
    const all = await Promise.all(Array.from({ length: 6 }, () => addPasskey(user, newDevice())));
    expect(all.map(({ status }) => status).toSorted()).toEqual([200, 200, 409, 409, 409, 409]);
    expect(ids(await user.get('/account_passkeys'))).toHaveLength(20);
  });

  it.each([
    ['no object', 'text', ['422 validation_failed /response']],
    ['empty', {}, ['422 validation_failed /response']],
    ['of another type', { id: 'AA', type: 'password', response: {} }, ['422 validation_failed /response']],
  ])('is not added by a response that is %s', async (_, response, errors) => {
    const user = await signedIn(app);
    const { transaction } = await creation(user);
    expect(errorsOf(await user.post('/account_passkeys', { transaction, name: 'A', response }))).toEqual(errors);
  });

  it('needs a name of 1 to 100 characters, and says so with everything else that is wrong', async () => {
    const user = await signedIn(app);
    const send = (name: unknown) => user.post('/account_passkeys', { transaction: 'x', response: {}, name, nope: 1 });
    const unknown = '422 validation_failed /nope';
    for (const name of ['', ' ', 'a'.repeat(101), 'a\u0000b', 7]) {
      expect(errorsOf(await send(name))).toEqual(['422 validation_failed /name', unknown]);
    }
  });
});

describe('The passkeys of an account', () => {
  it('are its own, whatever the role of others', async () => {
    const [user, other, root] = [await signedIn(app), await signedIn(app), await admin(app)];
    const { id } = (await addPasskey(user, newDevice())).body.data;
    for (const client of [other, root]) {
      expect(ids(await client.get('/account_passkeys'))).not.toContain(id);
      expect(errorsOf(await client.get(`/account_passkeys/${id}`))).toEqual(['404 not_found']);
      const rename = document('iam:account_passkeys', { name: 'Mine' }, id);
      expect(errorsOf(await client.patch(`/account_passkeys/${id}`, rename))).toEqual(['404 not_found']);
      expect(errorsOf(await client.delete(`/account_passkeys/${id}`))).toEqual(['404 not_found']);
    }
    expect(ids(await user.get('/account_passkeys'))).toEqual([id]);
  });

  it('are renamed and removed, with a mail', async () => {
    const user = await signedIn(app);
    const { id } = (await addPasskey(user, newDevice())).body.data;
    const renamed = await user.patch(`/account_passkeys/${id}`, document('iam:account_passkeys', { name: 'Old' }, id));
    expect(renamed.body.data.attributes.name).toBe('Old');
    expect((await user.delete(`/account_passkeys/${id}`)).status).toBe(204);
    expect(ids(await user.get('/account_passkeys'))).toEqual([]);
    const [mail] = await mailsAbout(user, 'was removed');
    expect(mail?.parsed.text).toContain('Name: Old');
  });

  it('are changed after a recent sign-in only', async () => {
    const user = await signedIn(app);
    const { id } = (await addPasskey(user, newDevice())).body.data;
    await ageSignIn(user.account.id, app);
    const fresh = ['403 reauthentication_required'];
    expect(errorsOf(await user.post('/account_passkeys/options'))).toEqual(fresh);
    expect(errorsOf(await user.post('/account_passkeys', {}))).toEqual(fresh);
    expect(errorsOf(await user.patch(`/account_passkeys/${id}`, {}))).toEqual(fresh);
    expect(errorsOf(await user.delete(`/account_passkeys/${id}`))).toEqual(fresh);
    expect((await user.get('/account_passkeys')).status).toBe(200);
  });

  it('do not lose the last one where the account has no password, not even by two requests at once', async () => {
    const user = await signedIn(app);
    const made = [await addPasskey(user, newDevice()), await addPasskey(user, newDevice())];
    await app.sql('UPDATE account_credentials SET hashed_password = NULL WHERE account_id = $1', [user.account.id]);
    const all = await Promise.all(made.map(({ body }) => user.delete(`/account_passkeys/${body.data.id}`)));
    expect(all.map(({ status }) => status).toSorted()).toEqual([204, 409]);
    expect(ids(await user.get('/account_passkeys'))).toHaveLength(1);
  });

  it('go with a change of the e-mail that is taken back, where they were added since', async () => {
    const user = await signedIn(app);
    const { email } = user.account;
    const kept = (await addPasskey(user, newDevice())).body.data.id;
    await user.post('/account/email', { email: `new.${email}` });
    const proof = await mailedToken(app, `new.${email}`);
    await as(app).post('/account/email/confirm', { token: proof });
    const added = (await addPasskey(user, newDevice())).body.data.id;
    const [notice] = await mailsAbout(user, 'e-mail');
    if (!notice) throw new Error('There is no notice');
    expect((await as(app).post('/account/email/revert', { token: tokenIn(notice) })).status).toBe(204);
    const rows = await app.sql('SELECT id FROM account_passkeys WHERE id = ANY($1)', [[kept, added]]);
    expect(rows).toEqual([{ id: kept }]);
  });

  it('are in the export of the account', async () => {
    const user = await signedIn(app);
    await addPasskey(user, newDevice(), { name: 'Exported' });
    const { body } = await user.get('/account/export');
    expect(body.account_passkeys).toEqual([expect.objectContaining({ name: 'Exported' })]);
  });
});

describe('Without a domain', () => {
  it('there are no passkeys to add, and those that there are can be removed', async () => {
    const beside = await startApp({ beside: app, env: { APP_URL: 'http://192.0.2.7:3000' } });
    try {
      const user = await signedIn(app);
      const { id } = (await addPasskey(user, newDevice())).body.data;
      const there = as(beside, (await signIn(beside, user.account)).token);
      expect(errorsOf(await there.post('/account_passkeys/options'))).toEqual(['404 not_found']);
      expect(ids(await there.get('/account_passkeys'))).toEqual([id]);
      expect((await there.delete(`/account_passkeys/${id}`)).status).toBe(204);
    } finally {
      await beside.stop();
    }
  });
});
