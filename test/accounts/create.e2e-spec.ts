import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { document, errorsOf, ids, send } from '../support/client.js';
import { APP_URL } from '../support/environment.js';
import { account, admin, organization } from '../support/factories.js';
import { mailsTo } from './mails.js';

const TYPE = 'iam:accounts';
const fresh = (): string => `${randomUUID()}@example.com`;
/** The least that every role may be asked for, and what a test is about on top. */
const person = (more: Record<string, unknown> = {}) =>
  document(TYPE, { name: 'Ada', email: fresh(), role_name: 'user', ...more });
const at = (name: string): string => `422 validation_failed /data/attributes/${name}`;
/** An e-mail of exactly 254 characters, with parts as long as RFC 5321 lets them be. */
const longest = (first: string): string =>
  `${first.padEnd(64, 'x')}@${'d'.repeat(63)}.${'d'.repeat(63)}.${'d'.repeat(57)}.com`;

/** `POST /accounts`: what it takes, returns and rejects. Who may do it is tested in `test/rights`. */
describe('Creating an account', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  it('answers 200 with the document, its address and its entity tag', async () => {
    const { post, get } = await admin(app);
    const org = await organization(app);
    const attributes = {
      name: 'Ada Lovelace',
      email: `Ada.${fresh()}`,
      enabled: true,
      role_name: 'org_owner',
      role_scope: { org: [org] },
      picture_url: 'https://example.com/ada.png',
    };
    const response = await post('/accounts', document(TYPE, attributes));
    expect(response.status).toBe(200);
    const { id, attributes: stored } = response.body.data;
    expect(stored).toEqual({
      ...attributes,
      kind: 'person',
      locale: null,
      sso_channel: null,
      joined_at: null,
      invitation_expired_at: expect.any(String),
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    const days = (Date.parse(stored.invitation_expired_at) - Date.parse(stored.created_at)) / 86_400_000;
    expect(days).toBeCloseTo(3, 4);
    expect(response.headers.get('location')).toBe(`/accounts/${id}`);
    const shown = await get(`/accounts/${id}`);
    expect(shown.body).toEqual(response.body);
    expect(shown.headers.get('etag')).toBe(response.headers.get('etag'));
  });

  it.each(['one_time_tokens', 'graphile_worker._private_jobs', 'audit_events'])(
    'leaves nothing when %s takes no row, although nothing waits for its insert',
    async (table) => {
      const { post } = await admin(app);
      const email = fresh();
      await app.sql(`
        CREATE FUNCTION reject_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'full'; END $$;
        CREATE TRIGGER reject_row BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION reject_row()`);
      try {
        expect((await post('/accounts', person({ email }))).status).toBe(500);
      } finally {
        await app.sql('DROP FUNCTION reject_row CASCADE');
      }
      expect(await app.sql('SELECT FROM accounts WHERE email = $1', [email])).toEqual([]);
      expect((await post('/accounts', person({ email }))).status).toBe(200);
      expect(await mailsTo(app, email)).toHaveLength(1);
    },
  );

  it('needs an e-mail, and has a default for everything else', async () => {
    const { post } = await admin(app);
    const { status, body } = await post('/accounts', document(TYPE, { email: `ada.${fresh()}` }));
    expect([status, body.data?.attributes]).toEqual([
      200,
      expect.objectContaining({
        name: expect.stringMatching(/^ada[.][^@]+$/),
        enabled: true,
        role_name: 'user',
        role_scope: {},
        picture_url: null,
        locale: null,
      }),
    ]);
    expect(errorsOf(await post('/accounts', document(TYPE, {})))).toEqual([at('email')]);
  });

  it('mails an invitation whose link starts with APP_URL, and keeps only the hash of its token', async () => {
    const { post } = await admin(app);
    const email = fresh();
    const { id } = (await post('/accounts', person({ name: 'Grace', email }))).body.data;
    const [mail] = await mailsTo(app, email);
    const link = new RegExp(`${APP_URL}/join\\?token=([\\w-]{43})`);
    const token = link.exec(mail?.parsed.text ?? '')?.[1] ?? 'none';
    expect(link.exec(String(mail?.parsed.html))?.[1]).toBe(token);
    expect(mail?.parsed.text).toContain('Grace');
    const [row] = await app.sql<{ text: string }>('SELECT accounts::text AS text FROM accounts WHERE id = $1', [id]);
    expect(row?.text).not.toContain(token);
    expect((await send(app, 'PATCH', `/accounts/${token}/join`)).status).toBe(204);
  });

  it('sends no mail to an account that is created disabled, and none when it is rejected', async () => {
    const { post } = await admin(app);
    const [disabled, rejected, later] = [fresh(), fresh(), fresh()];
    const response = await post('/accounts', person({ email: disabled, enabled: false }));
    expect(response.body.data.attributes).toMatchObject({ enabled: false, invitation_expired_at: null });
    await post('/accounts', person({ email: rejected, picture_url: 'nope' }));
    await post('/accounts', person({ email: later }));
    await mailsTo(app, later);
    const sent = app.mails.mails.flatMap(({ recipients }) => recipients);
    expect(sent).not.toContain(disabled);
    expect(sent).not.toContain(rejected);
  });

  describe.each<[attribute: string, good: [sent: unknown, stored: unknown][], bad: unknown[]]>([
    [
      'name',
      [
        ['  Ada \n', 'Ada'],
        ['x', 'x'],
        // As people count characters, not as UTF-16 does.
        ['\u{1f600}'.repeat(200), '\u{1f600}'.repeat(200)],
        ['<b>"\\', '<b>"\\'],
      ],
      ['', '   ', '\u{1f600}'.repeat(201), 'a\nb', 'a\u0000b', 'a\u0085b', '\ud800', null, 7, ['Ada'], {}, true],
    ],
    [
      'email',
      [
        ['  Some.Body+tag@Example.COM ', 'Some.Body+tag@Example.COM'],
        [longest('a'), longest('a')],
        ['j\u00fcrgen@example.com', 'j\u00fcrgen@example.com'],
      ],
      [
        '',
        'nope',
        'a@',
        '@example.com',
        'a@b@example.com',
        'a b@example.com',
        'Ada <ada@example.com>',
        'a@example.com\nBcc: b@example.com',
        'a@example.com,b@example.com',
        'a\u0000@example.com',
        longest('a').replace('.com', '.info'),
        null,
        7,
        ['a@example.com'],
      ],
    ],
    [
      'enabled',
      [
        [true, true],
        [false, false],
      ],
      ['true', 'false', 0, 1, null, {}, []],
    ],
    [
      'role_name',
      [
        ['user', 'user'],
        ['org_owner', 'org_owner'],
        ['admin', 'admin'],
      ],
      ['nope', 'Admin', '', null, 7, ['user'], '__proto__', 'constructor'],
    ],
    [
      'picture_url',
      [
        [null, null],
        [' http://localhost/a.png ', 'http://localhost/a.png'],
        ['https://example.com/?a=1,2#x', 'https://example.com/?a=1,2#x'],
        [`https://example.com/${'a'.repeat(2028)}`, `https://example.com/${'a'.repeat(2028)}`],
      ],
      [
        '',
        'nope',
        '/a.png',
        '//example.com/a.png',
        'ftp://example.com/a.png',
        'javascript:alert(1)',
        'data:image/png;base64,AA==',
        `https://example.com/${'a'.repeat(2029)}`,
        7,
        {},
      ],
    ],
    [
      'role_scope',
      [
        [{}, {}],
        [{ org: [] }, {}],
      ],
      [
        null,
        [],
        'org',
        7,
        { org: 'a' },
        { org: null },
        { org: ['a'] },
        { org: [7] },
        { org: [[]] },
        { region: ['eu'] },
      ],
    ],
  ])('with %s', (attribute, good, bad) => {
    it.each(good)('takes %j', async (sent, stored) => {
      const { post } = await admin(app);
      const response = await post('/accounts', person({ [attribute]: sent }));
      expect(errorsOf(response)).toEqual([]);
      expect(response.body.data.attributes[attribute]).toEqual(stored);
    });

    it.each(bad.map((value) => [value]))('rejects %j', async (value) => {
      const { post } = await admin(app);
      const response = await post('/accounts', person({ [attribute]: value }));
      expect([...new Set(errorsOf(response))]).toEqual([at(attribute)]);
    });
  });

  it('takes role_scope.org as a set: without doubles, sorted, whatever the case of its ids', async () => {
    const { post } = await admin(app);
    const [a, b] = [await organization(app), await organization(app)];
    const response = await post('/accounts', person({ role_scope: { org: [b.toUpperCase(), a, b] } }));
    expect(response.body.data.attributes.role_scope).toEqual({ org: [a, b].sort() });
  });

  it('rejects an organization that does not exist, and leaves nothing behind', async () => {
    const { post, get } = await admin(app);
    const email = fresh();
    const org = [await organization(app), randomUUID()];
    expect(errorsOf(await post('/accounts', person({ email, role_scope: { org } })))).toEqual([at('role_scope')]);
    expect(ids(await get(`/accounts?filter[email]=${email}`))).toEqual([]);
  });

  it('rejects read-only and unknown attributes by their names', async () => {
    const { post } = await admin(app);
    const time = '2026-01-01T00:00:00.000Z';
    const strange = {
      sso_channel: 'google',
      joined_at: time,
      invitation_expired_at: time,
      created_at: time,
      updated_at: time,
      id: randomUUID(),
      type: TYPE,
      password: 'Correct-horse-8',
      hashed_password: 'x',
      password_reset_token: 'x',
      email_key: 'x',
      role_scope_extra: {},
      version: 1,
      roleName: 'admin',
      Object: 1,
      toString: 1,
    };
    expect(errorsOf(await post('/accounts', person(strange))).sort()).toEqual(Object.keys(strange).map(at).sort());
  });

  it('names all errors at once', async () => {
    const { post } = await admin(app);
    const wrong = { email: 'nope', enabled: 'yes', role_name: 'nope', role_scope: { x: [] }, picture_url: 7, nope: 1 };
    const response = await post('/accounts', document(TYPE, wrong));
    expect(response.status).toBe(422);
    expect([...new Set(errorsOf(response))].sort()).toEqual(Object.keys(wrong).map(at).sort());
  });

  describe('with an e-mail that is taken', () => {
    it.each([
      ['itself', 'ada@example.com', 'ada@example.com'],
      ['in other case', 'ada@example.com', 'ADA@Example.COM'],
      ['with white space around it', 'ada@example.com', '  ada@example.com '],
      ['composed and decomposed', 'j\u00fcrgen@example.com', 'ju\u0308rgen@example.com'],
      ['with a sharp s', 'stra\u00dfe@example.com', 'STRASSE@example.com'],
      ['with a capital sharp s', 'stra\u00dfe@example.com', 'STRA\u1e9eE@example.com'],
      ['with a final sigma', '\u03bf\u03c3@example.com', '\u039f\u03a3@example.com'],
      ['with full-width letters', 'ada@example.com', '\uff41\uff44\uff41@example.com'],
      ['with a ligature', 'fin@example.com', '\ufb01n@example.com'],
    ])('%s, is 409', async (_how, taken, again) => {
      const { post } = await admin(app);
      // A domain of its own for each case, so that no other one takes the e-mail first.
      const own = (email: string) => email.replace(/example/i, `x${tag}`);
      const tag = randomUUID();
      expect((await post('/accounts', person({ email: own(taken) }))).status).toBe(200);
      expect(errorsOf(await post('/accounts', person({ email: own(again) })))).toEqual([
        '409 conflict /data/attributes/email',
      ]);
    });

    it('is said only when nothing else is wrong with the account', async () => {
      const { post } = await admin(app);
      const { email } = await account(app);
      for (const wrong of [{ name: '' }, { nope: 1 }, { role_name: 'nobody' }]) {
        expect(errorsOf(await post('/accounts', person({ email, ...wrong })))).toEqual([
          at(Object.keys(wrong)[0] ?? ''),
        ]);
      }
    });

    it('at the same time, is 200 for one and 409 for all others', async () => {
      const { post } = await admin(app);
      const email = fresh();
      const responses = await Promise.all(Array.from({ length: 10 }, () => post('/accounts', person({ email }))));
      expect(responses.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(409)]);
      await mailsTo(app, email);
      expect(app.mails.mails.filter(({ recipients }) => recipients.includes(email))).toHaveLength(1);
    });
  });

  describe('rejects', () => {
    it('an id of the client with 403, and another type with 409', async () => {
      const { post } = await admin(app);
      const { attributes } = person().data;
      expect(errorsOf(await post('/accounts', document(TYPE, attributes, randomUUID())))).toEqual([
        '403 forbidden /data/id',
      ]);
      for (const type of ['iam:organizations', 'accounts', '', 7]) {
        expect(errorsOf(await post('/accounts', { data: { type, attributes } }))).toEqual(['409 conflict /data/type']);
      }
    });

    it.each<[body: unknown, pointer: string]>([
      [{}, '/data'],
      [[], '/data'],
      ['null', '/data'],
      ['7', '/data'],
      ['"data"', '/data'],
      [{ data: null }, '/data'],
      [{ data: [] }, '/data'],
      [{ data: 'iam:accounts' }, '/data'],
      [{ name: 'Ada', email: 'ada@example.com' }, '/data'],
      [{ data: { type: TYPE } }, '/data/attributes'],
      [{ data: { type: TYPE, attributes: null } }, '/data/attributes'],
      [{ data: { type: TYPE, attributes: [] } }, '/data/attributes'],
      [{ data: { type: TYPE, attributes: 'name' } }, '/data/attributes'],
      [undefined, '/data'],
    ])('%j, which is no document, with 400', async (body, pointer) => {
      const { post } = await admin(app);
      expect(errorsOf(await post('/accounts', body))).toEqual([`400 malformed_body ${pointer}`]);
    });

    it.each(['{', 'name=Ada', "{'data': 1}", '\ufeff'])('%j, which is no JSON, with 400', async (body) => {
      const { post } = await admin(app);
      expect(errorsOf(await post('/accounts', body))).toEqual(['400 malformed_body']);
    });

    it('a relationship written along with 403', async () => {
      const { post } = await admin(app);
      const body = person();
      const relationships = { organizations: { data: [{ type: 'iam:organizations', id: randomUUID() }] } };
      expect(errorsOf(await post('/accounts', { data: { ...body.data, relationships } }))).toEqual([
        '403 forbidden /data/relationships/organizations',
      ]);
    });

    it('a parameter that it does not know with 400', async () => {
      const { post } = await admin(app);
      expect(errorsOf(await post('/accounts?sort=name&nope=1', person()))).toEqual([
        '400 invalid_parameter sort',
        '400 invalid_parameter nope',
      ]);
    });
  });

  it('shows the chosen fields and what was asked to be included', async () => {
    const { post } = await admin(app);
    const org = await organization(app);
    const { body } = await post(
      '/accounts?fields[iam:accounts]=name,organizations&included=organizations',
      person({ role_scope: { org: [org] } }),
    );
    expect(body.data.attributes).toEqual({ name: 'Ada' });
    expect(body.included).toMatchObject([{ type: 'iam:organizations', id: org }]);
  });

  it('with the same Idempotency-Key creates and invites once', async () => {
    const { post } = await admin(app);
    const email = fresh();
    const body = person({ email });
    const key = { 'idempotency-key': randomUUID() };
    const first = await post('/accounts', body, key);
    const second = await post('/accounts', body, key);
    expect([second.status, second.body]).toEqual([200, first.body]);
    expect(errorsOf(await post('/accounts', person(), key))).toEqual(['422 validation_failed Idempotency-Key']);
    const later = fresh();
    await post('/accounts', person({ email: later }));
    await mailsTo(app, later);
    expect(await mailsTo(app, email)).toHaveLength(1);
  });
});
