import type { Request } from 'autocannon';
import type { Traffic } from './load.js';

export type Side = 'service' | 'floor';

/** What a row's requests are made of. */
export interface Material {
  /** Headers of an admin and of a plain user, as the service wants them. */
  readonly admin: Record<string, string>;
  readonly user: Record<string, string>;
  /** The same of an API key of the admin. */
  readonly key: Record<string, string>;
  /** Ids of accounts, from all over the table. */
  readonly ids: readonly string[];
  readonly accounts: number;
  /** Goes on to the last 50 accounts. */
  readonly lastCursor: string;
  /** What is sent to sign in: to the service who it is, to the floor also the hash to compare. */
  readonly login: Readonly<Record<Side, Readonly<Record<string, string>>>>;
  /** Makes tokens that each start a chain of refreshes, one a connection. */
  refreshTokens(side: Side): Promise<string[]>;
}

/** One row of the table: the same requests to both sides. */
export interface Row {
  readonly name: string;
  /** For docs/performance.md: what is asked of the service, and what the floor does for it. */
  readonly meaning: string;
  traffic(material: Material, side: Side): Traffic | Promise<Traffic>;
}

const get = (path: string, headers: Record<string, string>): Request => ({
  method: 'GET',
  path: path.replaceAll('[', '%5B').replaceAll(']', '%5D'),
  headers,
});

const post = (path: string, body: unknown): Request => ({
  method: 'POST',
  path,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** A row that gets one address. */
const reading = (name: string, meaning: string, path: (material: Material) => string): Row => ({
  name,
  meaning,
  traffic: (material) => ({ requests: [get(path(material), material.admin)], status: 200 }),
});

/** A row that gets many accounts, one after the other. */
const showing = (name: string, meaning: string, query = ''): Row => ({
  name,
  meaning,
  traffic: ({ ids, admin }) => ({ requests: ids.map((id) => get(`/accounts/${id}${query}`, admin)), status: 200 }),
});

const PAGE = 'page[size]=50';

export const ROWS: readonly Row[] = [
  reading('list of 50', '`GET /accounts?page[size]=50`', () => `/accounts?${PAGE}`),
  reading(
    'list of 50, filtered, sorted, counted',
    'the same with `filter[name__match]`, `filter[role_name__in]`, `sort=-created_at` and `count=true`; the floor asks for page and count side by side',
    () => `/accounts?filter[name__match]=a81&filter[role_name__in]=user,org_owner&sort=-created_at&count=true&${PAGE}`,
  ),
  reading('list of 1000', '`GET /accounts?page[size]=1000`', () => '/accounts?page[size]=1000'),
  reading(
    'page number 1000',
    '`page[number]=1000&page[size]=50`, or the last page of a smaller table: the rows before it are read and skipped',
    ({ accounts }) => `/accounts?page[number]=${Math.min(1000, Math.ceil(accounts / 50))}&${PAGE}`,
  ),
  reading(
    'cursor page at the end',
    'the last 50 accounts through `page[after]`',
    ({ lastCursor }) => `/accounts?page[after]=${lastCursor}&${PAGE}`,
  ),
  showing('show', '`GET /accounts/{id}`, each time another account'),
  {
    name: 'show with an API key',
    meaning: '`GET /accounts/{id}` with an API key of the admin instead of a token; the floor does as for `show`',
    traffic: ({ ids, key }) => ({ requests: ids.map((id) => get(`/accounts/${id}`, key)), status: 200 }),
  },
  showing('sparse show', '`show` with `fields[iam:accounts]=name,email`', '?fields[iam:accounts]=name,email'),
  {
    name: 'sign-in',
    meaning: '`POST /auth/login`; the floor compares one bcrypt hash of the same cost, on the same core',
    traffic: ({ login }, side) => ({ requests: [post('/auth/login', login[side])], status: 200 }),
  },
  {
    name: 'refresh',
    meaning:
      '`POST /auth/refresh`, on each connection a chain in which every response’s token is spent by the next request; ' +
      'the floor makes one `UPDATE` and one ES256 signature',
    traffic: async (material, side) => {
      const unused = await material.refreshTokens(side);
      const request = (token: string): Request => post('/auth/refresh', { refresh_token: token });
      return {
        requests: [],
        status: 200,
        chain: () => ({
          first: request(unused.pop() ?? ''),
          next: (body) => request(JSON.parse(body).meta.refresh_token),
        }),
      };
    },
  },
  {
    name: 'change of one attribute',
    meaning: '`PATCH /accounts/{id}` with another `name`, each time another account; an audit line is written too',
    traffic: ({ ids, admin }) => ({
      requests: ids.map((id, i) => ({
        method: 'PATCH',
        path: `/accounts/${id}`,
        headers: { ...admin, 'content-type': 'application/json' },
        body: JSON.stringify({
          data: { type: 'iam:accounts', id, attributes: { name: `Changed ${i} ${Date.now()}` } },
        }),
      })),
      status: 200,
    }),
  },
  reading(
    'sessions with their accounts',
    '`GET /account_sessions?included=account&page[size]=50`; the floor joins',
    () => `/account_sessions?included=account&${PAGE}`,
  ),
  {
    name: 'authenticated 403',
    meaning: '`GET /audit_events` by a user whose role may not; the floor returns a constant',
    traffic: ({ user }) => ({ requests: [get('/audit_events', user)], status: 403 }),
  },
];
