import { createHmac, createPrivateKey, createPublicKey, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader, SignJWT, type JWTHeaderParameters, type JWTPayload } from 'jose';
import { mailedToken } from '../accounts/mails.js';
import { addPasskey, creation, type Creation, newDevice, request } from '../passkeys/passkeys.js';
import { ssoTokens } from '../identity-providers/tokens.js';
import { secretsOf } from '../passwords/tokens.js';
import { enrolled, mfaToken, secondStep } from '../second-factors/factors.js';
import { cookieHeader, cookiesOf } from '../sign-in/browser.js';
import { TOKEN_PURPOSES } from '../../src/one-time-tokens/token-purposes.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf, type ApiResponse, type ApiClient } from '../support/client.js';
import { account, admin, signedIn, signIn } from '../support/factories.js';

const NEW_PASSWORD = 'Another-horse-9';
const PREFER = { prefer: 'return=representation' };

let app: TestApp;
let root: ApiClient & { id: string };

beforeAll(async () => {
  app = await startApp();
  root = await admin(app);
});
afterAll(() => app.stop());

/** Every operation that takes a token besides access tokens; each is a use below. */
const OPERATIONS_WITH_TOKENS = [
  'GET /account/passwords/token_valid',
  'GET /accounts/{token}/invitation',
  'PATCH /accounts/{token}/join',
  'POST /account/email/confirm',
  'POST /account/email/revert',
  'POST /account/passwords/reset',
  'POST /account_passkeys',
  'POST /auth/logout',
  'POST /auth/mfa',
  'POST /auth/passkey',
  'POST /auth/passkey/options',
  'POST /auth/refresh',
];

/** The kind of token below that stands for each purpose of one-time tokens. */
const KIND_OF: Readonly<Record<string, string>> = {
  invitation: 'an invitation',
  reset: 'a mailed reset token',
  email_confirm: 'the token to a new e-mail',
  email_revert: 'the token to a former e-mail',
  sso_state: 'the state of an authorization request',
  sso_code: 'the code of a provider',
  sso_link: 'a link to link an identity',
  identity_link: 'a mailed proof of an identity',
  logout_token: 'the record of a logout token',
  passkey_registration: 'the transaction of a new passkey',
  passkey_sign_in: 'the transaction of a sign-in by passkey',
  passkey_mfa: 'the transaction of a passkey as second factor',
  passkey_reauthenticate: 'the transaction of a passkey that proves again who one is',
  mfa: 'the token of the first step of a sign-in',
};

/** An account just invited, and the token of the mail. */
const invite = async (): Promise<{ id: string; email: string; token: string }> => {
  const email = `${randomUUID()}@example.com`;
  const created = await root.post('/accounts', document('iam:accounts', { name: 'Ada', email }));
  return { id: created.body.data.id, email, token: await mailedToken(app, email) };
};

const join = (token: string, body?: unknown, headers: Record<string, string> = {}): Promise<ApiResponse> =>
  as(app).patch(`/accounts/${token}/join`, body, headers);

const reset = (token: string, password = NEW_PASSWORD): Promise<ApiResponse> =>
  as(app).post('/account/passwords/reset', { token, password });

const login = (email: string, password: string): Promise<ApiResponse> =>
  as(app).post('/auth/login', { email, password });

/** A mailed reset token. */
const mailedReset = async (): Promise<{ id: string; token: string }> => {
  const { id, email } = await account(app);
  await as(app).post('/account/passwords/request_reset', { email });
  return { id, token: await mailedToken(app, email) };
};

/** An account that asked for a new e-mail, and the token that was mailed to that. */
const newEmail = async (): Promise<{ email: string; proof: string }> => {
  const { post, account: user } = await signedIn(app);
  const email = `${randomUUID()}@example.com`;
  await post('/account/email', { email });
  return { email: user.email, proof: await mailedToken(app, email) };
};

/** An account whose e-mail has changed, and the token that was mailed to the former one. */
const changedEmail = async (): Promise<{ revert: string }> => {
  const { email, proof } = await newEmail();
  await as(app).post('/account/email/confirm', { token: proof });
  return { revert: await mailedToken(app, email) };
};

/** Passkeys that are being added, by their transactions. */
const passkeysToAdd = new Map<string, { client: ApiClient; options: Creation['options'] }>();

/** An account that asked for the options of a new passkey. */
const passkeyToAdd = async () => {
  const client = await signedIn(app);
  const { transaction, options } = await creation(client);
  passkeysToAdd.set(transaction, { client, options });
  return { client, transaction, options };
};

/** Responses of passkeys, by their transactions. */
const passkeysInUse = new Map<string, { user: ApiClient; mfa: string; response: object }>();

/** The response of the passkey of an account, which has a second factor besides. */
const passkeyInUse = async (purpose: 'sign_in' | 'mfa' | 'reauthenticate') => {
  const [user, device] = [await enrolled(app), newDevice()];
  await addPasskey(user, device);
  const mfa = await mfaToken(app, user.account);
  const { transaction, options } = await request(user, purpose, purpose === 'mfa' ? { mfa_token: mfa } : {});
  const use = { user, mfa, response: device.get(options) };
  passkeysInUse.set(transaction, use);
  return { transaction, ...use };
};

/** The text with another character at every place in turn. */
const withOneChanged = (text: string): string[] =>
  Array.from(text, (old, at) => text.slice(0, at) + (old === 'A' ? 'B' : 'A') + text.slice(at + 1));

describe('Lesson 5: an invitation', () => {
  it('#5 is a random text that says nothing, and only its hash is stored', async () => {
    const [one, other] = [await invite(), await invite()];
    for (const { id, email, token } of [one, other]) {
      expect(token).toMatch(/^[\w-]{43}$/);
      const bytes = Buffer.from(token, 'base64url');
      expect(bytes).toHaveLength(32);
      for (const known of [id, id.replaceAll('-', ''), email]) expect(bytes.toString('latin1')).not.toContain(known);
      const rows = await app.sql(
        `SELECT account::text, token::text FROM accounts account JOIN one_time_tokens token ON account_id = account.id
         WHERE account.id = $1`,
        [id],
      );
      expect(JSON.stringify(rows)).not.toContain(token);
      expect((await secretsOf(app, id)).invitations).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
      expect((await secretsOf(app, id)).invitations).not.toContain(Buffer.from(token, 'base64url').toString('hex'));
    }
    expect(one.token).not.toBe(other.token);
  });

  it('#5 is bound to one account', async () => {
    const [one, other] = [await invite(), await invite()];
    expect((await join(one.token, { password: NEW_PASSWORD })).status).toBe(204);
    expect((await secretsOf(app, one.id)).joinedAt).toEqual(expect.any(Date));
    expect(await secretsOf(app, other.id)).toMatchObject({ joinedAt: null, hashedPassword: null });
    expect(errorsOf(await join(one.token))).toEqual(['404 invalid_token']);
  });

  it('#5 with any changed byte is 404, as is what the database holds of it', async () => {
    const { id, token } = await invite();
    const [stored = ''] = (await secretsOf(app, id)).invitations;
    const tried = [
      ...withOneChanged(token),
      stored,
      stored.toUpperCase(),
      id,
      `${token}A`,
      token.slice(1),
      `${token}%00`,
    ];
    const responses = await Promise.all(tried.map((changed) => join(changed, { password: NEW_PASSWORD })));
    expect(responses.map((response) => errorsOf(response)[0])).toEqual(tried.map(() => '404 invalid_token'));
    expect((await join(token)).status).toBe(204);
  });

  it('#5 believes nothing of what else the request says', async () => {
    const [one, other] = [await invite(), await invite()];
    const attributes = { password: NEW_PASSWORD, email: other.email, role_name: 'admin', account_id: other.id };
    const response = await join(one.token, { data: { type: 'iam:accounts', id: other.id, attributes } }, PREFER);
    expect(response.body.data).toMatchObject({ id: one.id, attributes: { email: one.email, role_name: 'user' } });
    expect((await secretsOf(app, other.id)).joinedAt).toBeNull();
  });
});

describe('Lesson 6: a token of one purpose', () => {
  /** Each use of a token: whether the service took it for that. */
  const sso = ssoTokens(
    () => app,
    () => root,
  );
  const uses: Record<string, (token: string) => Promise<boolean>> = {
    ...sso.uses,
    bearer: async (token) => (await as(app, token).get('/auth/me')).status === 200,
    'access cookie': async (token) =>
      (await as(app).get('/auth/me', { cookie: cookieHeader({ 'auth-token': token }) })).status === 200,
    refresh: async (token) => (await as(app).post('/auth/refresh', { refresh_token: token })).status === 200,
    'refresh cookie': async (token) =>
      (await as(app).post('/auth/refresh', undefined, { cookie: cookieHeader({ 'refresh-token': token }) })).status ===
      200,
    'sign-out by refresh token': async (token) =>
      (await as(app).post('/auth/logout', { refresh_token: token })).status === 204,
    'sign-out by access token': async (token) => (await as(app, token).post('/auth/logout')).status === 204,
    join: async (token) => (await join(encodeURIComponent(token))).status === 204,
    'show an invitation': async (token) =>
      (await as(app).get(`/accounts/${encodeURIComponent(token)}/invitation`)).status === 200,
    'confirm an e-mail': async (token) => (await as(app).post('/account/email/confirm', { token })).status === 204,
    'take a change of the e-mail back': async (token) =>
      (await as(app).post('/account/email/revert', { token })).status === 204,
    'page of a new e-mail': async (token) =>
      (await fetch(`${app.url}/confirm-email?token=${encodeURIComponent(token)}`)).status === 200,
    'page of a former e-mail': async (token) =>
      (await fetch(`${app.url}/revert-email?token=${encodeURIComponent(token)}`)).status === 200,
    token_valid: async (token) =>
      (await as(app).get(`/account/passwords/token_valid?token=${encodeURIComponent(token)}`)).body.data?.valid ===
      true,
    reset: async (token) => (await reset(token)).status === 204,
    'filter by reset token': async (token) =>
      (await root.get(`/accounts?filter[password_reset_token]=${encodeURIComponent(token)}`)).body.data?.length > 0,
    'add a passkey': async (token) => {
      const { client, options } = passkeysToAdd.get(token) ?? (await passkeyToAdd());
      const body = { transaction: token, name: 'A', response: newDevice().create(options) };
      return (await client.post('/account_passkeys', body)).status === 200;
    },
    'second step of a sign-in': async (token) =>
      // The code is wrong; only with a good token it is asked for.
      (await secondStep(app, token, { code: '000000' })).status === 401,
    'options of a passkey as second factor': async (token) =>
      errorsOf(await as(app).post('/auth/passkey/options', { purpose: 'mfa', mfa_token: token }))[0] === '409 conflict',
    'sign in by passkey': async (token) => {
      const { response } = passkeysInUse.get(token) ?? (await passkeyInUse('sign_in'));
      return (await as(app).post('/auth/passkey', { transaction: token, response })).status === 200;
    },
    'second step by passkey': async (token) => {
      const { response, mfa } = passkeysInUse.get(token) ?? (await passkeyInUse('mfa'));
      const passkey = { transaction: token, response };
      return (await as(app).post('/auth/mfa', { mfa_token: mfa, passkey })).status === 200;
    },
    'prove again by passkey': async (token) => {
      const { response, user } = passkeysInUse.get(token) ?? (await passkeyInUse('reauthenticate'));
      return (await user.post('/auth/reauthenticate', { passkey: { transaction: token, response } })).status === 200;
    },
    'page cursor': async (token) =>
      (await root.get(`/accounts?page[after]=${encodeURIComponent(token)}`)).status === 200,
  };

  const signed = async (header: Partial<JWTHeaderParameters>, claims: JWTPayload): Promise<string> => {
    const { token } = await signedIn(app);
    const own = decodeProtectedHeader(token);
    return new SignJWT({ ...decodeJwt(token), ...claims })
      .setProtectedHeader({ ...own, alg: 'ES256', ...header })
      .sign(createPrivateKey(app.config.jwtPrivateKey));
  };

  /** A token of the form `header.payload.signature`, signed by whatever is given. */
  const forged = async (alg: string, sign: (data: string) => string): Promise<string> => {
    const { token } = await signedIn(app);
    const header = Buffer.from(JSON.stringify({ ...decodeProtectedHeader(token), alg })).toString('base64url');
    const data = `${header}.${token.split('.')[1]}`;
    return `${data}.${sign(data)}`;
  };

  const publicPem = (): string =>
    createPublicKey(app.config.jwtPrivateKey).export({ type: 'spki', format: 'pem' }).toString();

  /** Each kind of token, made anew, and the uses that it is for. */
  const kinds: Record<string, { make: () => Promise<string>; goodFor: string[] }> = {
    'an access token': {
      make: async () => (await signedIn(app)).token,
      goodFor: ['bearer', 'access cookie', 'sign-out by access token'],
    },
    'a refresh token': {
      make: async () => (await signedIn(app)).refreshToken,
      goodFor: ['refresh', 'refresh cookie', 'sign-out by refresh token'],
    },
    'an invitation': { make: async () => (await invite()).token, goodFor: ['join', 'show an invitation'] },
    'a mailed reset token': {
      make: async () => (await mailedReset()).token,
      goodFor: ['token_valid', 'reset', 'filter by reset token'],
    },
    'the token to a new e-mail': {
      make: async () => (await newEmail()).proof,
      goodFor: ['page of a new e-mail', 'confirm an e-mail'],
    },
    'the token to a former e-mail': {
      make: async () => (await changedEmail()).revert,
      goodFor: ['page of a former e-mail', 'take a change of the e-mail back'],
    },
    'the transaction of a new passkey': {
      make: async () => (await passkeyToAdd()).transaction,
      goodFor: ['add a passkey'],
    },
    'the token of the first step of a sign-in': {
      make: async () => mfaToken(app, (await enrolled(app)).account),
      goodFor: ['second step of a sign-in', 'options of a passkey as second factor'],
    },
    'the transaction of a sign-in by passkey': {
      make: async () => (await passkeyInUse('sign_in')).transaction,
      goodFor: ['sign in by passkey'],
    },
    'the transaction of a passkey as second factor': {
      make: async () => (await passkeyInUse('mfa')).transaction,
      goodFor: ['second step by passkey'],
    },
    'the transaction of a passkey that proves again who one is': {
      make: async () => (await passkeyInUse('reauthenticate')).transaction,
      goodFor: ['prove again by passkey'],
    },
    ...sso.kinds,
    'the reset token of a join': {
      make: async () => (await join((await invite()).token, undefined, PREFER)).body.meta.password_reset_token,
      goodFor: ['token_valid', 'reset', 'filter by reset token'],
    },
    'the mark of a known device': {
      make: async () => {
        const { email, password } = await account(app);
        return cookiesOf(await login(email, password))['device']?.value ?? '';
      },
      goodFor: [],
    },
    "a page's cursor": {
      make: async () => (await root.get('/accounts?page[after]=&page[size]=1')).body.data[0].meta.page.cursor,
      goodFor: ['page cursor'],
    },
    'an ID token of the same key': { make: () => signed({ typ: 'JWT' }, {}), goodFor: [] },
    'a token without a type': { make: () => signed({ typ: undefined }, {}), goodFor: [] },
    'a token for another audience': { make: () => signed({}, { aud: 'shop' }), goodFor: [] },
    'a token of another issuer': { make: () => signed({}, { iss: 'https://evil.example.net' }), goodFor: [] },
    'a token without a session': { make: () => signed({}, { sid: undefined }), goodFor: [] },
    "a token with another account's session": { make: () => signed({}, { sub: root.id }), goodFor: [] },
    'a token that has expired': { make: () => signed({}, { exp: Math.floor(Date.now() / 1000) - 1 }), goodFor: [] },
    'a token that never expires': { make: () => signed({}, { exp: undefined }), goodFor: [] },
    'a token with an unknown key id': { make: () => signed({ kid: 'other' }, {}), goodFor: [] },
    'a token without a signature': { make: () => forged('none', () => ''), goodFor: [] },
    'a token signed with the public key as a shared secret': {
      make: () => forged('HS256', (data) => createHmac('sha256', publicPem()).update(data).digest('base64url')),
      goodFor: [],
    },
    'the signed token of before, with the signature of another': {
      make: async () => {
        const [one, other] = [(await signedIn(app)).token, (await signedIn(app)).token];
        return `${one.slice(0, one.lastIndexOf('.'))}${other.slice(other.lastIndexOf('.'))}`;
      },
      goodFor: [],
    },
  };

  it.each(Object.keys(kinds))('#6 is taken for nothing else: %s', async (kind) => {
    const { make, goodFor } = kinds[kind] ?? { make: async () => '', goodFor: [] };
    const token = await make();
    for (const [use, isTaken] of Object.entries(uses)) {
      if (!goodFor.includes(use)) expect([use, await isTaken(token)]).toEqual([use, false]);
    }
    // What it was tried for in vain has not spent it.
    for (const [place, use] of goodFor.entries()) {
      expect([use, await uses[use]?.(place === 0 ? token : await make())]).toEqual([use, true]);
    }
  });

  it('#6 is tried at every operation that takes a token, and every purpose is tried', async () => {
    const { paths, components } = (await as(app).get('/openapi.json')).body;
    const names = Object.entries<{ properties?: object }>(components.schemas)
      .filter(
        ([name, { properties = {} }]) =>
          /Body$/.test(name) && ['token', 'mfa_token', 'transaction'].some((member) => member in properties),
      )
      .map(([name]) => name);
    const takesToken = new RegExp(`"name":"token"|schemas/(${[...names, 'RefreshBody', 'LogoutBody'].join('|')})"`);
    const takes = Object.entries<Record<string, object>>(paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, operation]) => takesToken.test(JSON.stringify(operation)))
        .map(([method]) => `${method.toUpperCase()} ${path}`),
    );
    expect(takes.sort()).toEqual(OPERATIONS_WITH_TOKENS);
    expect(Object.keys(TOKEN_PURPOSES).sort()).toEqual(Object.keys(KIND_OF).sort());
    for (const kind of Object.values(KIND_OF)) expect(kinds).toHaveProperty([kind]);
  });

  it('#6 opens nothing with any changed character', async () => {
    const { account: owner, token, refreshToken, get } = await signedIn(app);
    // The last character of a signature holds bits that are not part of it.
    const access = withOneChanged(token).slice(0, -1);
    const sampled = access.filter((_, at) => at % 7 === 0 || at > access.length - 10);
    const opened = await Promise.all(sampled.map((changed) => as(app, changed).get('/auth/me')));
    expect(new Set(opened.map(({ status }) => status))).toEqual(new Set([401]));
    const refreshed = await Promise.all(
      withOneChanged(refreshToken).map((changed) => as(app).post('/auth/refresh', { refresh_token: changed })),
    );
    expect(new Set(refreshed.map(({ status }) => status))).toEqual(new Set([401]));
    const { id, token: mailed } = await mailedReset();
    const resets = await Promise.all(withOneChanged(mailed).map((changed) => reset(changed)));
    expect(new Set(resets.map((response) => errorsOf(response)[0]))).toEqual(new Set(['404 invalid_token']));
    // A token that was never issued cannot end a session or void a token.
    expect((await get('/auth/me')).status).toBe(200);
    expect((await as(app).post('/auth/refresh', { refresh_token: refreshToken })).status).toBe(200);
    expect((await secretsOf(app, id)).resets).toHaveLength(1);
    expect((await signIn(app, owner)).token).toEqual(expect.any(String));
  });
});

describe('Lesson 20: the first password of an invited person', () => {
  it('#20 is set by the holder of the mailed token, once', async () => {
    const { id, email, token } = await invite();
    expect((await join(token, { password: NEW_PASSWORD })).status).toBe(204);
    expect((await login(email, NEW_PASSWORD)).body.data.id).toBe(id);
    expect(errorsOf(await join(token, { password: 'Third-horse-11' }))).toEqual(['404 invalid_token']);
    expect((await login(email, NEW_PASSWORD)).status).toBe(200);
  });

  it('#20 is set by one of 20 who hold it at once', async () => {
    const { email, token } = await invite();
    const passwords = Array.from({ length: 20 }, (_, n) => `Another-horse-${n}`);
    const responses = await Promise.all(passwords.map((password) => join(token, { password })));
    expect(responses.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(responses.filter((response) => errorsOf(response)[0] === '404 invalid_token')).toHaveLength(19);
    const winner = passwords[responses.findIndex(({ status }) => status === 204)] ?? '';
    expect((await login(email, winner)).status).toBe(200);
  });

  it('#20 is not set by an admin, by a stranger, or with an older invitation', async () => {
    const { id, email, token } = await invite();
    const stranger = await signedIn(app);
    for (const secret of ['password', 'hashed_password', 'password_reset_token', 'invitation_token', 'joined_at']) {
      const change = document('iam:accounts', { [secret]: NEW_PASSWORD }, id);
      expect(errorsOf(await root.patch(`/accounts/${id}`, change))).toEqual([
        `422 validation_failed /data/attributes/${secret}`,
      ]);
      expect((await stranger.patch(`/accounts/${id}`, change)).status).toBe(404);
    }
    expect((await as(app).patch(`/accounts/${id}/join`, { password: NEW_PASSWORD })).status).toBe(404);
    await root.post(`/accounts/${id}/resend_invitation`);
    expect(errorsOf(await join(token, { password: NEW_PASSWORD }))).toEqual(['404 invalid_token']);
    expect(await secretsOf(app, id)).toMatchObject({ hashedPassword: null, joinedAt: null });
    const newest = await mailedToken(app, email, 2);
    expect((await join(newest, { password: NEW_PASSWORD })).status).toBe(204);
  });

  it('#20 that was left out at joining is set with the token that the joining answered, once', async () => {
    const { id, email, token } = await invite();
    const joined = await join(token, undefined, PREFER);
    const { password_reset_token: first } = joined.body.meta;
    expect(errorsOf(await join(token, { password: 'Third-horse-11' }))).toEqual(['404 invalid_token']);
    expect((await reset(first)).status).toBe(204);
    expect(errorsOf(await reset(first, 'Third-horse-11'))).toEqual(['404 invalid_token']);
    expect((await login(email, NEW_PASSWORD)).body.data.id).toBe(id);
  });

  it('#20 is set by a reset only with the mail that a reset sends, and voids the invitation', async () => {
    const { id, email, token } = await invite();
    const response = await as(app).post('/account/passwords/request_reset', { email });
    expect([response.status, response.text]).toEqual([204, '']);
    const mailed = await mailedToken(app, email, 2);
    expect((await reset(mailed)).status).toBe(204);
    expect(errorsOf(await join(token, { password: 'Third-horse-11' }))).toEqual(['404 invalid_token']);
    expect((await login(email, NEW_PASSWORD)).body.data.id).toBe(id);
  });
});
