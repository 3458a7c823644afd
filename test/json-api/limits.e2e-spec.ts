import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LIMITS, type LimitName } from '../../src/json-api/limits.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf, type ApiResponse, type ApiClient } from '../support/client.js';
import { account, admin, organization } from '../support/factories.js';
import { head, open } from '../transport/sockets.js';

/** One request, made to send so many of what a bound counts. */
interface Case {
  readonly send: (count: number) => Promise<ApiResponse>;
  /** What is expected up to the bound, and one above: a status, or the error. */
  readonly within: unknown;
  readonly above: unknown;
  readonly seen?: (response: ApiResponse) => unknown;
}

let app: TestApp;
let root: ApiClient & { id: string; token: string };
let id: string;

beforeAll(async () => {
  app = await startApp();
  root = await admin(app);
  ({ id } = await account(app));
});
afterAll(() => app.stop());

const times = <Value>(count: number, make: (n: number) => Value): Value[] =>
  Array.from({ length: count }, (_, n) => make(n));
const onlyStatus = (status: number): ApiResponse => ({ status, headers: new Headers(), body: undefined, text: '' });
const statusOf = ({ status }: ApiResponse): number => status;
const rejection = (response: ApiResponse): unknown => errorsOf(response).at(-1);
const parameter = (name: string): string => `400 invalid_parameter ${name}`;

/** So many filters, none of which there is: each is an error of its own, up to the bound. */
const filtersOf = (count: number): string => times(count, (n) => `filter[unknown${n}]=a`).join('&');

/** An organization with so many new members; its id. */
async function organizationOf(members: number): Promise<string> {
  const org = await organization(app);
  await app.sql(
    `WITH made AS (INSERT INTO accounts (id, name, email, email_key, role_name, organization_ids)
       SELECT gen_random_uuid(), 'M', n || '@' || $1, n || '@' || $1, 'user', ARRAY[$1::uuid] FROM generate_series(1, $2) n RETURNING id)
     INSERT INTO memberships (account_id, organization_id) SELECT id, $1::uuid FROM made`,
    [org, members],
  );
  return org;
}

/** Organizations of a thousand members each, made once: below the bound, and with one member more above it. */
const thousands: string[] = [];

const CASES: Readonly<Record<Exclude<LimitName, keyof typeof ELSEWHERE>, Case>> = {
  bodyBytes: {
    send: (count) => as(app).post('/auth/refresh', `{}${' '.repeat(count - 2)}`),
    within: 401,
    above: 413,
  },
  bodyDepth: {
    send: (count) => as(app).post('/auth/refresh', `{"a":${'['.repeat(count - 1)}${']'.repeat(count - 1)}}`),
    within: '422 validation_failed /a',
    above: '400 malformed_body',
    seen: rejection,
  },
  bodyValues: {
    send: (count) => {
      const members = Array.from({ length: count - 1 }, () => '0');
      return as(app).post('/auth/refresh', `{"a,[{":[${members.join(',')}]}`);
    },
    within: '422 validation_failed /a,[{',
    above: '413 payload_too_large',
    seen: rejection,
  },
  bodyChunks: {
    // The last of them is empty, and ends the body.
    send: async (count) => {
      const connection = await open(app);
      const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
      connection.write(head('POST /auth/refresh', headers));
      connection.write(`${'1\r\n \r\n'.repeat(count - 1)}2\r\n{}\r\n0\r\n\r\n`);
      const [status = 0] = await connection.responses();
      connection.close();
      return onlyStatus(status);
    },
    within: 401,
    above: 413,
  },
  formBytes: {
    send: async (count) => {
      const body = `name=${'a'.repeat(count - 5)}`;
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const { status } = await fetch(`${app.url}/forgot-password`, { method: 'POST', headers, body });
      return onlyStatus(status);
    },
    within: 422,
    above: 413,
  },
  linkageIdentifiers: {
    send: (count) => {
      const data = times(count, (n) => ({ type: 'iam:organizations', id: String(n) }));
      return root.patch(`/accounts/${id}`, {
        data: { type: 'iam:accounts', id, relationships: { organizations: { data } } },
      });
    },
    within: '403 forbidden /data/relationships/organizations',
    above: '400 malformed_body /data/relationships/organizations/data',
    seen: rejection,
  },
  pathParameterCharacters: {
    send: (count) => as(app).patch(`/accounts/${'a'.repeat(count)}/join`, {}),
    within: '404 invalid_token',
    above: '404 not_found',
    seen: rejection,
  },
  requestIdCharacters: {
    send: (count) => as(app).get('/health/live', { 'x-request-id': 'a'.repeat(count) }),
    within: 'the same',
    above: 'another',
    seen: ({ headers }) => (/^a+$/.test(headers.get('x-request-id') ?? '') ? 'the same' : 'another'),
  },
  idempotencyKeyCharacters: {
    send: (count) => {
      const body = document('iam:organizations', { name: 'Kept' });
      return root.post('/organizations', body, { 'idempotency-key': 'k'.repeat(count) });
    },
    within: undefined,
    above: '400 invalid_parameter Idempotency-Key',
    seen: rejection,
  },
  acceptRanges: {
    send: (count) => {
      const accept = [...times(count - 1, () => 'text/html'), 'application/vnd.api+json;ext="a"'].join(',');
      return as(app).get('/auth/me', { accept });
    },
    within: 401,
    above: 401,
  },
  queryParameters: {
    send: (count) => {
      const half = Math.floor(count / 2);
      const names = [...times(half, () => 'filter[name][]=a'), ...times(count - half, () => 'filter[email][]=a')];
      return root.get(`/accounts?${names.join('&')}`);
    },
    within: undefined,
    above: parameter('filter[email][]'),
    seen: rejection,
  },
  filters: {
    send: (count) => root.get(`/accounts?${filtersOf(count)}`),
    within: [LIMITS.filters, 0],
    above: [LIMITS.filters + 1, 1],
    seen: ({ body }) => {
      const details: string[] = body.errors.map(({ detail }: { detail: string }) => detail);
      return [details.length, details.filter((detail) => detail === 'A query has at most 50 filters').length];
    },
  },
  filterValues: {
    send: (count) => root.get(`/accounts?filter[name]=${times(count, () => 'a').join(',')}`),
    within: undefined,
    above: parameter('filter[name]'),
    seen: rejection,
  },
  searchWords: {
    send: (count) => root.get(`/accounts?filter[search]=${times(count, (n) => `w${n}`).join('+')}`),
    within: undefined,
    above: parameter('filter[search]'),
    seen: rejection,
  },
  sortKeys: {
    send: (count) => root.get(`/accounts?sort=${['name', ...times(count - 1, () => '-name')].join(',')}`),
    within: 0,
    above: 1,
    seen: ({ text }) => text.split('At most 20 keys can be sorted by').length - 1,
  },
  fields: {
    send: (count) => root.get(`/accounts?fields[iam:accounts]=${times(count, () => 'name').join(',')}`),
    within: undefined,
    above: parameter('fields[iam:accounts]'),
    seen: rejection,
  },
  includePaths: {
    send: (count) => root.get(`/accounts?include=${times(count, () => 'organizations').join(',')}`),
    within: undefined,
    above: parameter('include'),
    seen: rejection,
  },
  pageSize: {
    send: (count) => root.get(`/accounts?page[size]=${count}`),
    within: undefined,
    above: parameter('page[size]'),
    seen: rejection,
  },
  pageNumber: {
    send: (count) => root.get(`/accounts?page[number]=${count}`),
    within: undefined,
    above: parameter('page[number]'),
    seen: rejection,
  },
  relatedResources: {
    send: async (count) => {
      const org = await organizationOf(count);
      return root.get(`/organizations/${org}?include=accounts&fields[iam:accounts]=name`);
    },
    within: LIMITS.relatedResources,
    above: LIMITS.relatedResources,
    seen: ({ body }) => body.included.length,
  },
  includedResources: {
    send: async (count) => {
      while (thousands.length < Math.floor(count / 1000)) thousands.push(await organizationOf(1000));
      const orgs = [...thousands, ...(count % 1000 > 0 ? [await organizationOf(count % 1000)] : [])];
      return root.get(`/organizations?filter[id__in]=${orgs.join(',')}&include=accounts&fields[iam:accounts]=name`);
    },
    within: LIMITS.includedResources,
    above: '400 invalid_parameter include',
    seen: (response) => rejection(response) ?? response.body.included.length,
  },
  errors: {
    send: (count) => as(app).post('/auth/refresh', Object.fromEntries(times(count, (n) => [`m${n}`, 1]))),
    within: 'There is no attribute "m99" here',
    above: 'There are more errors than the 100 that a response contains: correct these first',
    seen: ({ body }) => body.errors[LIMITS.errors - 1].detail,
  },
  quotedCharacters: {
    send: (count) => {
      const name = 'a'.repeat(count);
      const query = `sort=${name}&include=${name}&fields[iam:accounts]=${name}&fields[${name}]=a&${name}=a`;
      return root.get(`/accounts?${query}&filter[${name}]=a&filter[enabled][${'a'.repeat(count - 17)}]=a`);
    },
    within: Array(7).fill(false),
    above: Array(7).fill(true),
    seen: ({ body }) => body.errors.map(({ detail }: { detail: string }) => detail.includes('…')),
  },
  sourceCharacters: {
    send: (count) => root.get(`/accounts?${'a'.repeat(count)}=1`),
    within: false,
    above: true,
    seen: ({ body }) => body.errors[0].source.parameter.endsWith('…'),
  },
};

/** Bounds that have tests of their own: of times and connections, and of what no request reaches today. */
const ELSEWHERE = {
  headersSeconds: 'test/transport/timeouts.e2e-spec.ts',
  requestSeconds: 'test/transport/timeouts.e2e-spec.ts',
  responseSeconds: 'test/transport/timeouts.e2e-spec.ts',
  pipelinedRequests: 'test/transport/connections.e2e-spec.ts',
  listItems: 'test/json-api/columns.e2e-spec.ts',
  listItemCharacters: 'test/json-api/columns.e2e-spec.ts',
  detailCharacters: 'test/json-api/errors.spec.ts',
} as const;

describe('A bound on what a request may send, or an answer may hold:', () => {
  it.each(Object.entries(CASES))('%s', async (name, { send: request, within, above, seen = statusOf }) => {
    const most = LIMITS[name as keyof typeof CASES];
    expect(seen(await request(most))).toEqual(within);
    expect(seen(await request(most + 1))).toEqual(above);
  });

  it.each(Object.entries(ELSEWHERE))('%s is tested in %s', (_, file) => {
    expect(existsSync(file)).toBe(true);
  });
});
