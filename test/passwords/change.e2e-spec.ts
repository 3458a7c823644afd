import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newToken } from '../../src/auth/tokens/secrets.js';
import { mailsTo } from '../accounts/mails.js';
import { sessionIds } from '../sign-in/sessions.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, errorsOf, send, type ApiResponse, type ApiClient } from '../support/client.js';
import { account, PASSWORD, signedIn, signIn, storeToken } from '../support/factories.js';
import { resetToken, secretsOf } from './tokens.js';

const NEW_PASSWORD = 'Another-horse-9';

describe('A password', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  const change = ({ post }: ApiClient, current: unknown, next: unknown): Promise<ApiResponse> =>
    post('/account/passwords/change', { current_password: current, new_password: next });

  const login = (email: string, password: string): Promise<ApiResponse> =>
    send(app, 'POST', '/auth/login', { body: { email, password } });

  it('is changed with the current one: the other sessions end, the own one stays, and a mail says so', async () => {
    const actor = await signedIn(app);
    const { account: owner } = actor;
    const [own] = await sessionIds(app, owner.id);
    const others = [await signIn(app, owner), await signIn(app, owner)];
    const stranger = await signedIn(app);
    const response = await change(actor, PASSWORD, NEW_PASSWORD);
    expect([response.status, response.text]).toEqual([204, '']);
    expect(await sessionIds(app, owner.id)).toEqual([own]);
    expect((await actor.get('/auth/me')).status).toBe(200);
    for (const { token, refreshToken } of others) {
      expect((await as(app, token).get('/auth/me')).status).toBe(401);
      const refreshed = await send(app, 'POST', '/auth/refresh', { body: { refresh_token: refreshToken } });
      expect(refreshed.status).toBe(401);
    }
    expect((await stranger.get('/auth/me')).status).toBe(200);
    expect(errorsOf(await login(owner.email, PASSWORD))).toEqual(['401 invalid_credentials']);
    expect((await login(owner.email, NEW_PASSWORD)).status).toBe(200);
    const [mail] = await mailsTo(app, owner.email);
    expect(mail?.parsed.subject).toMatch(/password/i);
    for (const secret of [PASSWORD, NEW_PASSWORD]) expect(mail?.source).not.toContain(secret);
  });

  it('can still be refreshed by the session that changed it', async () => {
    const actor = await signedIn(app);
    await change(actor, PASSWORD, NEW_PASSWORD);
    const refreshed = await send(app, 'POST', '/auth/refresh', { body: { refresh_token: actor.refreshToken } });
    expect(refreshed.status).toBe(200);
  });

  it('that is changed voids every token that was mailed before', async () => {
    const actor = await signedIn(app);
    const { id } = actor.account;
    const token = await resetToken(app, id);
    await storeToken(app, id, 'invitation', { hash: newToken().hash, expiresAt: new Date(Date.now() + 3_600_000) });
    expect((await change(actor, PASSWORD, NEW_PASSWORD)).status).toBe(204);
    expect(await secretsOf(app, id)).toMatchObject({ resets: [], invitations: [] });
    const response = await send(app, 'POST', '/account/passwords/reset', {
      body: { token, password: 'Third-horse-11' },
    });
    expect(errorsOf(response)).toEqual(['404 invalid_token']);
  });

  it('is not changed without the current one', async () => {
    const actor = await signedIn(app);
    const other = await signIn(app, actor.account);
    const token = await resetToken(app, actor.account.id);
    const before = await secretsOf(app, actor.account.id);
    for (const wrong of [
      'Wrong-horse-7',
      '',
      NEW_PASSWORD,
      before.hashedPassword,
      PASSWORD.toLowerCase(),
      `${PASSWORD}\0`,
    ]) {
      expect(errorsOf(await change(actor, wrong, NEW_PASSWORD))).toEqual(['422 validation_failed /current_password']);
    }
    expect(await secretsOf(app, actor.account.id)).toEqual(before);
    expect((await as(app, other.token).get('/auth/me')).status).toBe(200);
    const valid = await send(app, 'GET', `/account/passwords/token_valid?token=${token}`);
    expect(valid.body).toEqual({ data: { valid: true } });
  });

  it('is not changed for an account that has none', async () => {
    const actor = await signedIn(app);
    await app.sql('UPDATE account_credentials SET hashed_password = NULL WHERE account_id = $1', [actor.account.id]);
    for (const guess of ['', PASSWORD, 'null']) {
      expect(errorsOf(await change(actor, guess, NEW_PASSWORD))).toEqual(['422 validation_failed /current_password']);
    }
  });

  it.each<[string, unknown, string[]]>([
    ['short', 'Ab1!', ['at least 8 characters']],
    ['without an upper-case letter', 'another-horse-9', ['an upper-case letter']],
    ['without a lower-case letter', 'ANOTHER-HORSE-9', ['a lower-case letter']],
    ['without a digit', 'Another-horse-x', ['a digit']],
    ['without a special character', 'AnotherHorse9', ['a special character']],
    ['too long', `Aa1-${'x'.repeat(125)}`, ['at most 128 characters']],
    ['well known', 'Password1!', ['breached']],
    ['the name', 'Jane-Doe-7!', ['the e-mail address or the name of the account']],
    ['weak in every way', '', ['8 characters', 'upper-case', 'lower-case', 'digit', 'special']],
    ['of another type', ['Another-horse-9'], ['must be a string']],
  ])('is not replaced by one that is %s', async (_, next, details) => {
    const actor = await signedIn(app, { name: 'Jane Doe' });
    const response = await change(actor, PASSWORD, next);
    expect(errorsOf(response)).toEqual(details.map(() => '422 validation_failed /new_password'));
    details.forEach((detail, at) => expect(response.body.errors[at].detail).toContain(detail));
    expect((await login(actor.account.email, PASSWORD)).status).toBe(200);
  });

  it('is rejected with all errors at once', async () => {
    const actor = await signedIn(app);
    expect(errorsOf(await change(actor, 'wrong', 'xq')).sort()).toEqual([
      '422 validation_failed /current_password',
      ...Array(4).fill('422 validation_failed /new_password'),
    ]);
  });

  it.each<[string, unknown, string[]]>([
    ['nothing', {}, ['422 validation_failed /current_password', '422 validation_failed /new_password']],
    [
      'values of other types, and a strange member',
      { current_password: 1, new_password: 2, x: 3 },
      ['422 validation_failed /current_password', '422 validation_failed /new_password', '422 validation_failed /x'],
    ],
    [
      'a weak password and no current one',
      { new_password: 'xq' },
      ['422 validation_failed /current_password', ...Array(4).fill('422 validation_failed /new_password')],
    ],
    [
      'half a character',
      { current_password: PASSWORD, new_password: `${NEW_PASSWORD}\ud800` },
      ['422 validation_failed /new_password'],
    ],
    [
      'whose password it is',
      { current_password: PASSWORD, new_password: NEW_PASSWORD, account_id: 'x' },
      ['422 validation_failed /account_id'],
    ],
    ['no object', [], ['400 malformed_body ']],
  ])('is not changed by a body with %s', async (_, body, expected) => {
    const { post, account: owner } = await signedIn(app);
    const response = await post('/account/passwords/change', body);
    expect(errorsOf(response)).toEqual(expected);
    expect((await login(owner.email, PASSWORD)).status).toBe(200);
  });

  it('is changed by one of 10 requests at once', async () => {
    const actor = await signedIn(app);
    const responses = await Promise.all(
      Array.from({ length: 10 }, (_, n) => change(actor, PASSWORD, `Another-horse-${n}`)),
    );
    const won = responses.findIndex(({ status }) => status === 204);
    expect(responses.filter(({ status }) => status === 204)).toHaveLength(1);
    expect((await login(actor.account.email, `Another-horse-${won}`)).status).toBe(200);
  });

  it('is only changed by a signed-in user', async () => {
    const { email } = await account(app);
    const response = await change(as(app), PASSWORD, NEW_PASSWORD);
    expect(errorsOf(response)).toEqual(['401 unauthenticated Authorization']);
    expect((await login(email, PASSWORD)).status).toBe(200);
  });
});
