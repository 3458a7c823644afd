import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { errorsOf, ids, send, type ApiResponse } from '../support/client.js';
import { account, organization, PASSWORD } from '../support/factories.js';
import { ADMIN, APP_URL } from '../support/environment.js';

/** What a front end sends; the path has no prefix and is encoded. Words in braces stand for ids and tokens. */
interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

/** What matters of a response. */
interface ExpectedResponse {
  readonly status: number;
  /** Members that the document has among others. */
  readonly body?: Record<string, unknown>;
  /** Status, code and source of each error. */
  readonly errors?: string[];
  /** The ids of a collection, in order. */
  readonly ids?: string[];
  /** The names of all attributes of each resource. */
  readonly names?: string[];
}

interface RecordedCase {
  readonly name: string;
  /** Id of the account that is signed in; the first admin by default. */
  readonly as?: string;
  readonly exchanges: readonly { readonly request: RecordedRequest; readonly response: ExpectedResponse }[];
}

const RECORDED: readonly RecordedCase[] = JSON.parse(
  readFileSync(new URL('./front-ends.json', import.meta.url), 'utf8'),
);

const PREFIX = '/api/v1/iam';
const INVITATION = 'the-token-of-an-invitation';

const cookiesOf = ({ headers }: ApiResponse): string =>
  headers
    .getSetCookie()
    .map((cookie) => cookie.split(';', 1)[0])
    .join('; ');

/** Requests of front ends that were written against the reference, with cookies and behind a prefix. */
describe('A front end that exists already sends', () => {
  let app: TestApp;
  let cookie: string;
  /** What the words in braces stand for. */
  let names: Map<string, string>;

  const signIn = async (email: string): Promise<string> =>
    cookiesOf(await send(app, 'POST', `${PREFIX}/auth/login`, { body: { email, password: PASSWORD, cookie: true } }));

  /** The value with every word in braces replaced. */
  const filledIn = <Value>(value: Value): Value =>
    JSON.parse(JSON.stringify(value).replaceAll(/\{(\w+)\}/g, (word, name) => names.get(name) ?? word));

  beforeAll(async () => {
    app = await startApp({ env: { API_PREFIX: PREFIX } });
    cookie = await signIn(ADMIN.email);
  });
  afterAll(() => app.stop());

  beforeEach(async () => {
    await app.sql('DELETE FROM accounts WHERE email <> $1', [ADMIN.email]);
    await app.sql('DELETE FROM organizations');
    const [admin] = await app.sql<{ id: string }>(
      `UPDATE accounts SET created_at = '2025-01-01', joined_at = '2025-01-01' RETURNING id`,
    );
    const at = (created: string, joined: string | null) => ({
      columns: {
        created_at: `${created}T12:00:00Z`,
        updated_at: `${created}T12:00:00Z`,
        joined_at: joined && `${joined}T12:00:00Z`,
      },
    });
    const [acme, zenith] = [await organization(app, 'Acme'), await organization(app, 'Zenith')];
    await app.sql(`UPDATE organizations SET created_at = '2025-10-01T12:00:00Z', updated_at = '2025-10-01T12:00:00Z'`);
    await app.sql(`UPDATE organizations SET created_at = '2025-11-10T12:00:00Z' WHERE id = $1`, [zenith]);
    const robot = await account(app, { name: 'Robot', role: 'system', ...at('2025-02-01', '2025-02-01') });
    const john = await account(app, { name: 'John Roe', email: 'john@example.com', ...at('2025-10-01', '2025-10-02') });
    const jane = await account(app, {
      name: 'Jane Doe',
      email: 'jane@example.com',
      org: [acme],
      ...at('2025-11-10', '2025-11-15'),
    });
    const hash = createHash('sha256').update(INVITATION).digest('hex');
    const invited = await account(app, {
      name: 'Ada',
      email: 'ada.byron@example.com',
      joined: false,
      invitation: { hash, expiresAt: new Date(Date.now() + 60_000) },
      ...at('2025-12-01', null),
    });
    names = new Map(
      Object.entries({
        admin: admin?.id ?? '',
        acme,
        zenith,
        robot: robot.id,
        john: john.id,
        jane: jane.id,
        invited: invited.id,
        invitation: INVITATION,
      }),
    );
  });

  it.each(RECORDED)('$name', async ({ as, exchanges }) => {
    const person =
      as && (await app.sql<{ email: string }>('SELECT email FROM accounts WHERE id = $1', [filledIn(as)]))[0];
    const cookies = person ? await signIn(person.email) : cookie;
    for (const { request, response } of filledIn(exchanges)) {
      const headers = {
        accept: '*/*',
        cookie: cookies,
        origin: APP_URL,
        ...(request.body !== undefined && { 'content-type': 'application/json' }),
        ...request.headers,
      };
      const got = await send(app, request.method, PREFIX + request.path, { headers, body: request.body });
      expect([request.path, got.status, errorsOf(got)]).toEqual([request.path, response.status, response.errors ?? []]);
      if (response.ids) expect(ids(got)).toEqual(response.ids);
      if (response.body) expect(got.body).toMatchObject(response.body);
      else if (response.status === 204) expect(got.text).toBe('');
      const shown = response.names ? [got.body.data].flat() : [];
      for (const { attributes } of shown) expect(Object.keys(attributes).sort()).toEqual(response.names?.toSorted());
    }
  });
});
