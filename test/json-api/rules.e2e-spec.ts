import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ERROR_CODES } from '../../src/json-api/document/errors.js';
import { readMessageFiles } from '../../src/language/message-files.js';
import { startApp, type TestApp } from '../support/app.js';
import { document, send, type ApiClient, type ApiResponse } from '../support/client.js';
import { account, admin, PASSWORD, signedIn } from '../support/factories.js';
import { ALL_RULES } from '../support/rules.js';

interface ShownError {
  readonly code: string;
  readonly detail: string;
  readonly source?: { readonly pointer?: string };
  readonly meta?: Readonly<Record<string, unknown>>;
}

const shown = ({ body }: ApiResponse): ShownError[] => body.errors;
const metas = (answer: ApiResponse): unknown[] => shown(answer).map(({ source, meta }) => [source?.pointer, meta]);
const details = (answer: ApiResponse): string[] => shown(answer).map(({ detail }) => detail);

describe('Validation errors', () => {
  let app: TestApp;
  let root: ApiClient;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'iam-messages-'));
    await writeFile(
      join(folder, 'fr.yml'),
      'names: { name: Le nom }\nrules: { empty: "{name} ne doit pas être vide" }\ncodes: { not_found: Introuvable }\n',
    );
    app = await startApp({ env: { ERROR_MESSAGES: folder } });
    root = await admin(app);
  });
  afterAll(async () => {
    await app.stop();
    await rm(folder, { recursive: true });
  });

  const create = (attributes: Record<string, unknown>): Promise<ApiResponse> =>
    root.post(
      '/accounts',
      document('iam:accounts', { name: 'Jane', email: `${randomUUID()}@example.com`, ...attributes }),
    );

  it.each<[string, Record<string, unknown>, string, Record<string, unknown>]>([
    ['a missing value', { email: undefined }, 'email', { rule: 'required' }],
    ['a value of another type', { enabled: 'yes' }, 'enabled', { rule: 'type', expected: 'boolean' }],
    ['a text of another form', { email: 'jane' }, 'email', { rule: 'format', expected: 'email' }],
    ['an address that is no URL', { picture_url: 'jane.png' }, 'picture_url', { rule: 'format', expected: 'url' }],
    ['an empty text', { name: ' ' }, 'name', { rule: 'empty' }],
    ['a long text', { name: 'x'.repeat(201) }, 'name', { rule: 'too_long', maximum: 200 }],
    ['a control character', { name: 'a\u0007b' }, 'name', { rule: 'control_characters' }],
    ['half of a surrogate pair', { name: 'a\ud800' }, 'name', { rule: 'invalid_characters' }],
    ['an unknown attribute', { nickname: 'J' }, 'nickname', { rule: 'unknown_attribute' }],
    ['a read-only attribute', { joined_at: '2026-01-01T00:00:00.000Z' }, 'joined_at', { rule: 'read_only' }],
    ['an undeclared key', { role_scope: { team: ['a'] } }, 'role_scope', { rule: 'undeclared_key' }],
    ['a scope of another type', { role_scope: { org: 'a' } }, 'role_scope', { rule: 'type', expected: 'strings' }],
    ['ids of another form', { role_scope: { org: ['a'] } }, 'role_scope', { rule: 'format', expected: 'uuids' }],
    [
      'an organization that does not exist',
      { role_scope: { org: [randomUUID()] } },
      'role_scope',
      { rule: 'unknown_reference' },
    ],
  ])('name the rule for %s', async (_what, attributes, name, meta) => {
    const answer = await create(attributes);
    expect(answer.status).toBe(422);
    expect(metas(answer)).toEqual([[`/data/attributes/${name}`, meta]]);
  });

  it('name the values that are allowed', async () => {
    const [error] = shown(await create({ role_name: 'emperor' }));
    expect(error?.meta).toEqual({ rule: 'not_allowed', allowed: expect.arrayContaining(['user', 'admin']) });
  });

  it('name the rule of flat bodies, all of them at once', async () => {
    const person = await signedIn(app);
    expect(metas(await person.post('/account/passwords/change', { extra: 1, current_password: 7 }))).toEqual(
      expect.arrayContaining([
        ['/extra', { rule: 'unknown_attribute' }],
        ['/current_password', { rule: 'type', expected: 'string' }],
      ]),
    );
    const change = { current_password: 'wrong', new_password: 'shrt' };
    expect(metas(await person.post('/account/passwords/change', change))).toEqual([
      ['/current_password', { rule: 'wrong_password' }],
      ['/new_password', { rule: 'too_short', minimum: 8 }],
      ['/new_password', { rule: 'password_missing_upper_case' }],
      ['/new_password', { rule: 'password_missing_digit' }],
      ['/new_password', { rule: 'password_missing_special' }],
    ]);
  });

  it('name the rule of a sign-in, whose e-mail may be any string', async () => {
    const answer = await send(app, 'POST', '/auth/login', { body: { email: 7, password: 'x' } });
    expect(metas(answer)).toEqual([['/email', { rule: 'type', expected: 'string' }]]);
    const unusable = await send(app, 'POST', '/auth/login', { body: { email: 'a\u0000', password: 'x' } });
    expect(metas(unusable)).toEqual([['/email', { rule: 'invalid_characters' }]]);
  });

  it('say that an e-mail address is taken', async () => {
    const { email } = await account(app);
    const [error] = shown(await create({ email }));
    expect(error).toMatchObject({ code: 'conflict', meta: { rule: 'taken' } });
  });

  it('have a rule in the header of a reused idempotency key', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const body = (name: string): unknown => document('iam:organizations', { name });
    await root.post('/organizations', body('Acme'), headers);
    const answer = await root.post('/organizations', body('Other'), headers);
    expect(shown(answer)).toMatchObject([
      { source: { header: 'Idempotency-Key' }, meta: { rule: 'idempotency_key_reused' } },
    ]);
  });

  describe('are in the language of the request', () => {
    const inLanguage = (language: string, attributes: Record<string, unknown>): Promise<ApiResponse> =>
      root.post('/accounts', document('iam:accounts', { email: `${randomUUID()}@example.com`, ...attributes }), {
        'accept-language': language,
      });

    it.each([
      ['en', 'The name must not be empty'],
      ['de-AT, en;q=0.5', 'Der Name darf nicht leer sein'],
      ['fr', 'Le nom ne doit pas être vide'],
      ['pt', 'The name must not be empty'],
    ])('%s', async (language, sentence) => {
      const answer = await inLanguage(language, { name: '' });
      expect(details(answer)).toEqual([sentence]);
      expect(answer.headers.get('vary')).toMatch(/\bAccept-Language\b/);
    });

    it('with the numbers of the rule, and in English where a language has no text', async () => {
      expect(details(await inLanguage('de', { name: 'x'.repeat(201) }))).toEqual([
        'Der Name darf höchstens 200 Zeichen haben',
      ]);
      expect(details(await inLanguage('fr', { name: 'x'.repeat(201) }))).toEqual([
        'The name must have at most 200 characters',
      ]);
    });

    it('also where a code has a sentence and no rule', async () => {
      const body = { email: 'nobody@example.com', password: PASSWORD };
      const answer = await send(app, 'POST', '/auth/login', { body, headers: { 'accept-language': 'de' } });
      expect(details(answer)).toEqual(['E-Mail-Adresse oder Passwort ist falsch']);
    });
  });

  describe('GET /account/passwords/policy', () => {
    const policy = (language: string): Promise<ApiResponse> =>
      send(app, 'GET', '/account/passwords/policy', { headers: { 'accept-language': language } });

    it('has the rules with their numbers, in the language of the request', async () => {
      const answer = await policy('de');
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
      expect(answer.headers.get('content-language')).toBe('de');
      expect(answer.headers.get('vary')).toMatch(/\bAccept-Language\b/);
      const { rules } = answer.body.data;
      expect(rules[0]).toEqual({ rule: 'too_short', minimum: 8, text: 'mindestens 8 Zeichen' });
      expect((await policy('en')).body.data.rules[0].text).toBe('at least 8 characters');
    });

    it('names the rules as errors do', async () => {
      const person = await signedIn(app);
      const body = { current_password: PASSWORD, new_password: '' };
      const broken = shown(await person.post('/account/passwords/change', body)).map(({ meta }) => meta?.['rule']);
      const named = (await policy('en')).body.data.rules.map(({ rule }: { rule: string }) => rule);
      expect(named).toEqual(expect.arrayContaining(broken));
      expect(broken.length).toBeGreaterThan(3);
    });
  });
});

describe('Message files', () => {
  const placeholders = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([one]) => one).sort();

  it('in German have a sentence for every rule, with the placeholders of the English one', () => {
    const { rules, hints } =
      readMessageFiles('src/language/messages', new Set(Object.keys(ERROR_CODES))).get('de') ?? {};
    expect(Object.keys(rules ?? {}).sort()).toEqual(Object.keys(ALL_RULES).sort());
    for (const [name, { text, hint }] of Object.entries(ALL_RULES)) {
      const german = rules?.[name];
      const wanted = placeholders(text).filter((one) => one !== '{wanted}');
      for (const sentence of typeof german === 'object' ? Object.values(german) : [german ?? '']) {
        expect([name, placeholders(sentence)]).toEqual([name, wanted]);
      }
      expect([name, placeholders(hints?.[name] ?? '')]).toEqual([name, placeholders(hint ?? '')]);
    }
  });

  it.each([
    ['xx_.yml', '', 'xx_ is not a language tag'],
    ['fr.yml', 'rules: [a]', 'fr.yml: rules'],
    ['fr.yml', 'words: {}', 'Unrecognized key'],
    ['fr.yml', 'codes: { nope: x }', 'there is no error code nope'],
    ['fr.yml', 'rules: {', 'fr.yml'],
  ])('called %s with %j stop the start', async (name, content, message) => {
    const folder = await mkdtemp(join(tmpdir(), 'iam-messages-'));
    try {
      await writeFile(join(folder, name), content);
      expect(() => readMessageFiles(folder, new Set())).toThrow(message);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('and the table of the documentation name every rule', () => {
    const page = readFileSync('docs/json-api.md', 'utf8');
    const listed = [...page.matchAll(/^\| `(\w+)` +\| (?!.*\d{3})/gm)].map(([, name]) => name);
    for (const name of Object.keys(ALL_RULES)) expect(listed).toContain(name);
  });
});
