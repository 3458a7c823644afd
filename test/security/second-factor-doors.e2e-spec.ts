import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mailedToken } from '../accounts/mails.js';
import { keyOf } from '../api-keys/keys.js';
import { resetToken } from '../passwords/tokens.js';
import { type Enrolled, enrolled, firstStep, mfaToken, secondStep } from '../second-factors/factors.js';
import { ageSignIn } from '../sign-in/sessions.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf } from '../support/client.js';
import { organization, PASSWORD, signedIn, type SignedIn } from '../support/factories.js';
import { pathOf, type Route, routesOf } from './routes.js';

let app: TestApp;

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

/** What a route says to a request with these headers: its status, and the code of its error. */
async function replyOf(route: Route, headers: Record<string, string>): Promise<string> {
  const isWrite = ['POST', 'PATCH', 'PUT'].includes(route.method);
  const response = await fetch(app.url + pathOf(route, '0197a1f0-0000-7000-8000-000000000001'), {
    method: route.method,
    headers: { ...(isWrite && { 'content-type': 'application/json' }), ...headers },
    ...(isWrite && { body: '{}' }),
    redirect: 'manual',
  });
  const text = await response.text();
  const isDocument = response.headers.get('content-type')?.startsWith('application/vnd.api+json');
  const code: unknown = isDocument && text !== '' ? JSON.parse(text).errors?.[0]?.code : undefined;
  return [response.status, code, response.headers.get('location')?.replace(/\?.*/, '')].filter(Boolean).join(' ');
}

/** Every route with what it says, but those that end sessions. */
async function repliesTo(headers: Record<string, string>): Promise<Map<string, string>> {
  const replies = new Map<string, string>();
  for (const route of routesOf(app)) {
    const name = `${route.method} ${route.pattern}`;
    if (['OPTIONS', 'HEAD'].includes(route.method) || /logout|sign-out/.test(route.pattern)) continue;
    replies.set(name, await replyOf(route, headers));
  }
  return replies;
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

describe('A route', () => {
  let toNothing: Map<string, string>;

  beforeAll(async () => {
    toNothing = await repliesTo(bearer('rubbish'));
  });

  it('says the same to a password without its second factor as to nothing at all', async () => {
    const token = await mfaToken(app, (await enrolled(app)).account);
    expect(await repliesTo(bearer(token))).toEqual(toNothing);
    const withCookies = await repliesTo({ cookie: 'auth-token=rubbish; refresh-token=rubbish' });
    expect(await repliesTo({ cookie: `auth-token=${token}; refresh-token=${token}` })).toEqual(withCookies);
  });

  it('is closed to an account that must have a second factor and has none, unless it adds one', async () => {
    const org = await organization(app);
    const member = await signedIn(app, { org: [org], role: 'admin' });
    await app.sql('UPDATE organizations SET mfa_required = true WHERE id = $1', [org]);
    const replies = [...(await repliesTo(bearer(await newToken(member))))];
    const open = replies.filter(([, reply]) => !/mfa_enrolment_required|second-factors$|^40[15]/.test(reply));
    const needsSession = open.filter(([name]) => toNothing.get(name)?.startsWith('401'));
    expect(needsSession.map(([name]) => name).sort()).toEqual([
      'DELETE /account_factors/:id',
      'DELETE /account_passkeys/:id',
      'GET /account_factors',
      'GET /account_factors/:id',
      'GET /account_passkeys',
      'GET /account_passkeys/:id',
      'GET /auth/me',
      'PATCH /account_passkeys/:id',
      'POST /account/recovery_codes',
      'POST /account_factors',
      'POST /account_factors/:id/confirm',
      'POST /account_passkeys',
      'POST /account_passkeys/options',
      'POST /auth/reauthenticate',
    ]);
  });

  it('is open to an account with its second factor as to one that needs none', async () => {
    const [plain, complete] = [await signedIn(app), await enrolled(app)];
    // The enrolment ended the session that the account had, and began another one.
    const token = await newToken(complete, { code: complete.app.code() });
    const replies = await repliesTo(bearer(token));
    expect(replies.get('POST /account/recovery_codes')).toBe('200');
    // They take the place of an authenticator app, which the other account does not have.
    const others = (await repliesTo(bearer(plain.token))).set('POST /account/recovery_codes', '200');
    expect(replies).toEqual(others);
  });
});

/** The token of a new session, by password and what is sent in the second step. */
async function newToken({ account: owner }: SignedIn, factor?: Record<string, unknown>): Promise<string> {
  const response = factor ? await secondStep(app, await mfaToken(app, owner), factor) : await firstStep(app, owner);
  return response.body.meta.token;
}

/** Whether the password alone signs in. */
const byPassword = async ({ email }: { email: string }, password = PASSWORD): Promise<string[]> =>
  errorsOf(await firstStep(app, { email, password }));

const ASKED = [expect.stringMatching(/^401 mfa_required/)];

/** Ways that lead to an account beside its sign-in: what each says without a second factor, and with one. */
describe('No side door leads around the second factor:', () => {
  it('a password that was set by a mail', async () => {
    for (const [person, expected] of await both()) {
      const token = await resetToken(app, person.account.id);
      const reset = await as(app).post('/account/passwords/reset', { token, password: 'Better-horse-8' });
      expect([reset.status, reset.headers.getSetCookie()]).toEqual([204, []]);
      expect(await byPassword(person.account, 'Better-horse-8')).toEqual(expected);
    }
  });

  it('a new e-mail', async () => {
    for (const [person, expected] of await both()) {
      const email = `new.${person.account.email}`;
      expect((await person.post('/account/email', { email })).status).toBe(204);
      const confirmed = await as(app).post('/account/email/confirm', { token: await mailedToken(app, email) });
      expect([confirmed.status, confirmed.headers.getSetCookie()]).toEqual([204, []]);
      expect(await byPassword({ email })).toEqual(expected);
    }
  });

  it('an invitation, which starts no session', async () => {
    const email = 'invited.door@example.com';
    const root = await signedIn(app, { role: 'admin' });
    await root.post('/accounts', document('iam:accounts', { email }));
    const joined = await as(app).patch(`/accounts/${await mailedToken(app, email)}/join`, { password: PASSWORD });
    expect([joined.status, joined.headers.getSetCookie(), joined.text]).toEqual([204, [], '']);
  });

  it('an API key, which neither changes factors nor makes a session fresh', async () => {
    for (const [person] of await both()) {
      const key = await keyOf(app, person, ['iam:accounts.read.own', 'iam:accounts.update.own']);
      expect((await key.get(`/accounts/${person.account.id}`)).status).toBe(200);
      const closed = [
        await key.get('/account_factors'),
        await key.post('/account_factors', document('iam:account_factors', { name: 'Phone' })),
        await key.post('/account/recovery_codes'),
        await key.post('/auth/reauthenticate', { password: PASSWORD }),
        await key.delete(`/accounts/${person.account.id}/factors`),
      ];
      expect(closed.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
    }
  });

  it('a password given again, with which no session counts as fresh', async () => {
    const { account: owner, post, app: device } = await enrolled(app);
    await ageSignIn(owner.id, app);
    expect((await post('/auth/reauthenticate', { password: PASSWORD })).status).toBe(422);
    expect(errorsOf(await post('/account/recovery_codes'))).toEqual(['403 reauthentication_required']);
    expect((await post('/auth/reauthenticate', { password: PASSWORD, code: device.code() })).status).toBe(200);
  });

  it('a recovery code, which is good once', async () => {
    const { account: owner, post } = await enrolled(app);
    const { codes } = (await post('/account/recovery_codes')).body.meta;
    const use = async (): Promise<number> =>
      (await secondStep(app, await mfaToken(app, owner), { recovery_code: codes[0] })).status;
    expect([await use(), await use()]).toEqual([200, 401]);
    expect(await byPassword(owner)).toEqual(ASKED);
  });

  it('a removal, which needs a fresh sign-in with the factor', async () => {
    const person = await enrolled(app);
    await ageSignIn(person.account.id, app);
    const removed = await person.delete(`/account_factors/${person.factorId}`);
    expect(errorsOf(removed)).toEqual(['403 reauthentication_required']);
    expect(await byPassword(person.account)).toEqual(ASKED);
  });

  /** An account without a second factor and one with it, and what a password says to each. */
  async function both(): Promise<[person: SignedIn | Enrolled, expected: unknown[]][]> {
    return [
      [await signedIn(app), []],
      [await enrolled(app), ASKED],
    ];
  }
});
