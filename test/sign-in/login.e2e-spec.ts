import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hash } from 'bcrypt';
import { secretsOf } from '../passwords/tokens.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, errorsOf, MEDIA_TYPE, send, type ApiResponse } from '../support/client.js';
import { account, organization, PASSWORD } from '../support/factories.js';
import { Browser, cookiesOf } from './browser.js';

const LOWER_COST = '4';
const COST = '5';

describe('Signing in', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({ env: { BCRYPT_COST: COST } });
  });
  afterAll(() => app.stop());

  const login = (body: unknown, headers: Record<string, string> = {}): Promise<ApiResponse> =>
    send(app, 'POST', '/auth/login', { body, headers });

  const storedHash = async (id: string): Promise<string> => {
    return (await secretsOf(app, id)).hashedPassword ?? '';
  };

  const sessions = (id: string) =>
    app.sql<{ id: string; user_agent: string; ip: string; refresh_seq: number }>(
      'SELECT id, user_agent, ip, refresh_seq FROM account_sessions WHERE account_id = $1',
      [id],
    );

  it('answers with who it is and with both tokens', async () => {
    const org = await organization(app);
    const { id, email, name, password } = await account(app, {
      role: 'org_owner',
      org: [org],
      columns: { picture_url: 'https://example.com/jane.png' },
    });
    const response = await login({ email, password });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, MEDIA_TYPE]);
    const { exp, ...attributes } = response.body.data.attributes;
    expect(response.body).toEqual({
      jsonapi: { version: '1.1' },
      data: {
        type: 'iam:account_auths',
        id,
        attributes: response.body.data.attributes,
        links: { self: '/auth/me' },
      },
      meta: { token: expect.any(String), refresh_token: expect.any(String) },
    });
    expect(attributes).toEqual({
      email,
      name,
      picture_url: 'https://example.com/jane.png',
      role_name: 'org_owner',
      role_scope: { org: [org] },
      role_rights: expect.arrayContaining(['iam:accounts.create.org', 'iam:account_sessions.read.own']),
    });
    expect(exp - Date.now() / 1000).toBeGreaterThan(890);
    expect(exp - Date.now() / 1000).toBeLessThanOrEqual(900);
    expect((await as(app, response.body.meta.token).get('/auth/me')).status).toBe(200);
  });

  it('sets no session cookie unless it is asked to', async () => {
    const { email, password } = await account(app);
    for (const body of [
      { email, password },
      { email, password, cookie: false },
    ]) {
      const response = await login(body);
      expect(response.body.meta.token).toEqual(expect.any(String));
      expect(Object.keys(cookiesOf(response))).toEqual(['device']);
    }
  });

  it('with `cookie: true` puts both tokens into cookies and neither into the body', async () => {
    const browser = new Browser(app);
    const response = await browser.signIn(await account(app));
    const cookies = cookiesOf(response);
    const common = { httponly: true, secure: true, samesite: 'Lax' };
    expect(cookies['auth-token']?.attributes).toEqual({ ...common, path: '/', 'max-age': expect.any(String) });
    expect(cookies['refresh-token']?.attributes).toEqual({ ...common, path: '/auth', 'max-age': expect.any(String) });
    const seconds = (name: string) => Number(cookies[name]?.attributes['max-age']);
    expect(seconds('auth-token')).toBeGreaterThan(890);
    expect(seconds('auth-token')).toBeLessThanOrEqual(900);
    expect(seconds('refresh-token')).toBeGreaterThan(14 * 86_400 - 10);
    expect(seconds('refresh-token')).toBeLessThanOrEqual(14 * 86_400);
    expect(response.body.meta).toBeUndefined();
    for (const name of ['auth-token', 'refresh-token']) expect(response.text).not.toContain(cookies[name]?.value);
    expect((await browser.send('GET', '/auth/me')).status).toBe(200);
  });

  it('remembers the device in a cookie that names no account', async () => {
    const { email, password } = await account(app, { email: 'known.device@example.com' });
    const { device } = cookiesOf(await login({ email, password }));
    expect(device?.attributes).toMatchObject({ path: '/', httponly: true, secure: true, samesite: 'Lax' });
    expect(device?.value).not.toMatch(/known|example/);
    expect(cookiesOf(await login({ email, password: 'wrong' }))).toEqual({});
  });

  it('starts a session that knows from where it was started', async () => {
    const { id, email, password } = await account(app);
    await login({ email, password }, { 'user-agent': 'Firefox/1.0' });
    expect(await sessions(id)).toEqual([
      { id: expect.any(String), user_agent: 'Firefox/1.0', ip: '127.0.0.1', refresh_seq: 0 },
    ]);
  });

  it('takes the e-mail in any case, with blanks around it, and in look-alike letters', async () => {
    const { id, password } = await account(app, { email: 'Straße.Jörg@Example.com' });
    for (const email of ['straße.jörg@example.com', 'STRASSE.JÖRG@EXAMPLE.COM', '  Straße.Jo\u0308rg@example.com ']) {
      const response = await login({ email, password });
      expect([email, response.body.data?.id]).toEqual([email, id]);
      expect(response.body.data.attributes.email).toBe('Straße.Jörg@Example.com');
    }
  });

  it('answers a wrong password, an unknown e-mail and an account without a password in the same words', async () => {
    const { email } = await account(app);
    const invited = await account(app, { joined: false });
    const responses = [
      await login({ email, password: 'Wrong-horse-7' }),
      await login({ email: 'nobody@example.com', password: PASSWORD }),
      await login({ email: invited.email, password: PASSWORD }),
      await login({ email: '', password: '' }),
      await login({ email, password: '' }),
      await login({ email, password: `${PASSWORD}\0` }),
      await login({ email, password: 'x'.repeat(10_000) }),
    ];
    const [first] = responses;
    const plain = ({ body }: ApiResponse) => body.errors.map((error: object) => ({ ...error, id: '' }));
    for (const response of responses) {
      expect(errorsOf(response)).toEqual(['401 invalid_credentials']);
      expect(plain(response)).toEqual(first && plain(first));
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="iam"');
      expect([...response.headers.keys()].sort()).toEqual(first && [...first.headers.keys()].sort());
    }
  });

  it('says that an account is disabled only after the right password', async () => {
    const { id, email, password } = await account(app, { enabled: false });
    expect(errorsOf(await login({ email, password: 'Wrong-horse-7' }))).toEqual(['401 invalid_credentials']);
    const response = await login({ email, password });
    expect(errorsOf(response)).toEqual(['401 account_disabled']);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="iam"');
    expect(await sessions(id)).toEqual([]);
  });

  it('is closed to an account whose role does not exist any more, and leaves no session behind', async () => {
    const { id, email, password } = await account(app, { role: 'retired' });
    expect((await login({ email, password })).status).toBe(401);
    expect(await sessions(id)).toEqual([]);
  });

  it.each<[string, unknown, string[]]>([
    ['nothing', {}, ['422 validation_failed /email', '422 validation_failed /password']],
    ['no password', { email: 'a@example.com' }, ['422 validation_failed /password']],
    [
      'values of other types',
      { email: 1, password: ['a'], cookie: 'yes' },
      ['422 validation_failed /email', '422 validation_failed /password', '422 validation_failed /cookie'],
    ],
    ['null', { email: null, password: null }, ['422 validation_failed /email', '422 validation_failed /password']],
    ['strange members alone', { x: 1 }, ['/email', '/password', '/x'].map((at) => `422 validation_failed ${at}`)],
    [
      'a strange member',
      { email: 'a@example.com', password: 'x', role_name: 'admin' },
      ['422 validation_failed /role_name'],
    ],
    ['a NUL in the e-mail', { email: 'a\0@example.com', password: 'x' }, ['422 validation_failed /email']],
    ['a list', [], ['400 malformed_body ']],
    ['a text', '"email"', ['400 malformed_body ']],
    ['no JSON', '{"email":', ['400 malformed_body']],
    ['nothing at all', '', ['400 malformed_body ']],
  ])('rejects a body with %s', async (_, body, expected) => {
    expect(errorsOf(await login(body)).sort()).toEqual(expected.sort());
  });

  it('rejects a body of another media type, and one that is too large', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await login('email=a', form)).body.errors[0]).toMatchObject({
      status: '415',
      code: 'unsupported_media_type',
    });
    const large = { email: 'a@example.com', password: 'x'.repeat(1024 * 1024) };
    expect(errorsOf(await login(large))).toEqual(['413 payload_too_large']);
  });

  it('takes `application/json` too', async () => {
    const { email, password } = await account(app);
    expect((await login({ email, password }, { 'content-type': 'application/json; charset=utf-8' })).status).toBe(200);
  });

  it('rejects query parameters, so that no password ever stands in a URL', async () => {
    expect(errorsOf(await send(app, 'POST', '/auth/login?email=a&password=b', { body: {} }))).toEqual([
      '400 invalid_parameter email',
      '400 invalid_parameter password',
    ]);
  });

  it('replaces the hash of another system by one of its own, and that of a lower cost by one of the configured', async () => {
    const imported = await hash(PASSWORD, Number(LOWER_COST));
    const own = await (async () => {
      const cheap = await startApp({ env: { BCRYPT_COST: LOWER_COST }, beside: app });
      const made = await account(cheap);
      await cheap.stop();
      return made;
    })();
    const foreign = await account(app, { hashedPassword: imported });
    expect(await storedHash(own.id)).toMatch(/^\$iam1\$2b\$04\$/);
    expect(await storedHash(foreign.id)).toMatch(/^\$2b\$04\$/);
    for (const { id, email, password } of [own, foreign]) {
      expect((await login({ email, password: 'Wrong-horse-7' })).status).toBe(401);
      expect(await storedHash(id)).toMatch(/\$04\$/);
      expect((await login({ email, password })).status).toBe(200);
      const upgraded = await storedHash(id);
      expect(upgraded).toMatch(/^\$iam1\$2b\$05\$/);
      expect((await login({ email, password })).status).toBe(200);
      expect(await storedHash(id)).toBe(upgraded);
    }
  });

  it('lets in all who sign in at once while the hash is replaced, and the password keeps its version', async () => {
    const { id, email, password } = await account(app, { hashedPassword: await hash(PASSWORD, Number(LOWER_COST)) });
    const responses = await Promise.all(Array.from({ length: 4 }, () => login({ email, password })));
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await secretsOf(app, id)).toMatchObject({
      hashedPassword: expect.stringMatching(/^\$iam1\$2b\$05\$/),
      passwordVersion: 1,
    });
  });
});
