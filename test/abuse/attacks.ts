import { randomUUID } from 'node:crypto';
import type { Shot } from './requests.js';

/** What the attackers know: a running service, and a small account that they signed in with. */
export interface World {
  readonly url: string;
  /** Access token of an account with the role `user`. */
  readonly token: string;
  /** The account of that token, and the organization it belongs to. */
  readonly accountId: string;
  readonly organizationId: string;
  /** E-mails of accounts whose stored hashes were imported from elsewhere, as costly as an import takes them. */
  readonly costlyEmails: readonly string[];
}

/** One way to make the service slow, large or silent, by requests that are well-formed HTTP. */
export interface Attack {
  readonly name: string;
  /** Makes the n-th request. */
  readonly shot: (world: World, n: number) => Shot;
  /** How many send it at once, in the storm. */
  readonly parallel: number;
  /** Whether the attackers have an address of their own for every few requests, so that no limit for one stops them. */
  readonly roams?: boolean;
}

const MIB = 1024 * 1024;
const JSON_TYPE = { 'content-type': 'application/json' };
/** What fits into the 16 KiB that Node takes of a request's head, besides the other headers. */
const HEAD_BYTES = 14 * 1024;

const bearer = ({ token }: World): Record<string, string> => ({ authorization: `Bearer ${token}` });

const objectOf = (bytes: number, member: (n: number) => string): string => {
  const members: string[] = [];
  for (let n = 0, length = 2; length < bytes - 200; n++) length += (members[members.length] = member(n)).length + 1;
  return `{${members.join(',')}}`;
};

const UNKNOWN_MEMBERS = objectOf(MIB, (n) => `"m${n.toString(36)}":0`);
const NESTED = `${'['.repeat(MIB / 2 - 10)}${']'.repeat(MIB / 2 - 10)}`;
const documentOf = (attributes: string, id: string): string =>
  `{"data":{"type":"iam:accounts","id":"${id}","attributes":${attributes}}}`;
const UNKNOWN_ATTRIBUTES = objectOf(MIB - 200, (n) => `"a${n.toString(36)}":0`);
const LINKAGE = `[${Array.from({ length: 20_000 }, (_, n) => `{"type":"t","id":"${n}"}`).join(',')}]`;
const repeated = (text: string): string => text.repeat(Math.floor(HEAD_BYTES / text.length));
const list = (values: readonly string[]): string => encodeURIComponent(JSON.stringify({ org: values }));

const get = (name: string, path: (world: World, n: number) => string, parallel = 1): Attack => ({
  name,
  parallel,
  shot: (world, n) => ({ method: 'GET', path: path(world, n), headers: bearer(world) }),
});
const header = (name: string, value: string): Attack => ({
  name: `header ${name}: ${value.slice(0, 8)}…`,
  parallel: 1,
  shot: (world) => ({ method: 'GET', path: '/auth/me', headers: { ...bearer(world), [name]: value } }),
});
const post = (name: string, path: string, body: string | ((n: number) => string), parallel = 1): Attack => ({
  name,
  parallel,
  shot: (_world, n) => ({
    method: 'POST',
    path,
    headers: JSON_TYPE,
    body: typeof body === 'string' ? body : body(n),
  }),
});
const patch = (name: string, attributes: string): Attack => ({
  name,
  parallel: 1,
  shot: (world) => ({
    method: 'PATCH',
    path: `/accounts/${world.accountId}`,
    headers: { ...bearer(world), ...JSON_TYPE },
    body: documentOf(attributes, world.accountId),
  }),
});

/** Answers, memory and plans that grow with what was sent. */
const GROWTH: readonly Attack[] = [
  post('1 MiB of unknown members', '/auth/refresh', UNKNOWN_MEMBERS, 2),
  post('1 MiB of unknown members at sign-in', '/auth/login', UNKNOWN_MEMBERS),
  post('1 MiB of brackets', '/auth/refresh', NESTED),
  patch('1 MiB of unknown attributes', UNKNOWN_ATTRIBUTES),
  patch('20,000 organizations', `{"role_scope":{"org":${LINKAGE}}}`),
  get('unknown parameters of a public route', () => `/health/live?${repeated('a&b&')}`),
  get('unknown filters', () => `/accounts?${repeated('filter[x]=1&').slice(0, -1)}`),
  get('the same filter again and again', () => `/accounts?${repeated('filter[name]=a&').slice(0, -1)}`),
  get('370 times one organization', ({ organizationId }) => {
    return `/accounts?filter[with_role_scope]={"org":[${Array<string>(370).fill(`"${organizationId}"`).join(',')}]}`;
  }),
  get('200 different organizations', () => {
    return `/accounts?filter[with_role_scope]=${list(Array.from({ length: 200 }, () => randomUUID()))}`;
  }),
  get('200 ids', () => `/accounts?filter[id__in]=${Array.from({ length: 200 }, () => randomUUID()).join(',')}`),
  get('patterns that every row has', () => `/accounts?filter[email__match]=e&filter[name__match]=e&count=true`),
  get('a thousand sort keys', () => `/accounts?sort=${repeated('name,-email,').slice(0, -1)}`),
  get('includes', () => '/accounts?included=organizations,account_sessions&page[size]=1000'),
  get('an address never seen before', (_world, n) => `/accounts?filter[name]=${n}-${randomUUID()}&page[size]=1`, 2),
  header('accept', repeated('"\\"\\\\"')),
  header('accept', repeated('application/vnd.api+json;a=b,')),
  header('accept-language', repeated('a-b;q=0.1,')),
  header('if-none-match', repeated('W/"1",')),
  header('cookie', repeated('a=b;')),
  header('x-forwarded-for', repeated('1.2.3.4,')),
  header('prefer', repeated('a;b,')),
];

/** Hashes that keep all other requests waiting. */
const HASHING: readonly Attack[] = [
  {
    ...post(
      'sign-in to an unknown account',
      '/auth/login',
      (n) => JSON.stringify({ email: `unknown-${n}@example.com`, password: 'Wrong-horse-7' }),
      4,
    ),
    roams: true,
  },
  {
    name: 'sign-in where the stored hash is costly',
    parallel: 4,
    roams: true,
    shot: ({ costlyEmails }, n) => ({
      method: 'POST',
      path: '/auth/login',
      headers: JSON_TYPE,
      body: JSON.stringify({ email: costlyEmails[n % costlyEmails.length], password: 'Wrong-horse-7' }),
    }),
  },
  post('resets with unknown tokens', '/account/passwords/reset', (n) =>
    JSON.stringify({ token: `token-${n}`, password: 'Correct-horse-7' }),
  ),
];

/** Requests over the limit. */
const OVER_THE_LIMIT: readonly Attack[] = [
  post('one e-mail from one address', '/auth/login', '{"email":"a@example.com","password":"Wrong-horse-7"}', 4),
  post('resets of one e-mail', '/account/passwords/request_reset', '{"email":"a@example.com"}', 2),
  {
    name: 'tokens of invitations',
    parallel: 2,
    shot: (_world, n) => ({ method: 'PATCH', path: `/accounts/guess-${n}/join`, headers: JSON_TYPE, body: '{}' }),
  },
];

/** All attacks by requests, by the point of what must hold. */
export const ATTACKS: readonly Attack[] = [...GROWTH, ...HASHING, ...OVER_THE_LIMIT];
