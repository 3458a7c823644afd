import { withClient } from './database.js';
import type { Material } from './rows.js';
import { SEED_PASSWORD, seedEmail } from './seed.js';

/** So many accounts are shown and changed in turn; in a run of ten seconds none comes twice. */
const IDS = 20_000;

interface Setting {
  readonly databaseUrl: string;
  /** The service's address. */
  readonly serviceUrl: string;
  readonly accounts: number;
  readonly connections: number;
}

interface Tokens {
  readonly token: string;
  readonly refresh_token: string;
}

/** Signs in the accounts that the rows need, and finds the rows that they are about. */
export async function gather({ databaseUrl, serviceUrl, accounts, connections }: Setting): Promise<Material> {
  const { ids, owner, hash } = await withClient(databaseUrl, async (client) => {
    const sample = await client.query<{ id: string }>(
      `SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM accounts) one
       WHERE n % greatest(1, (SELECT count(*) FROM accounts) / $1) = 0`,
      [IDS],
    );
    // A plain user who can sign in, so that a rejection comes from the rights.
    const { rows } = await client.query<{ email: string; hash: string }>(
      `SELECT email, replace(hashed_password, '$iam1', '') AS hash
       FROM accounts JOIN account_credentials ON account_id = id WHERE role_name = 'user' AND enabled ORDER BY id LIMIT 1`,
    );
    return { ids: sample.rows.map(({ id }) => id), owner: rows[0]?.email ?? '', hash: rows[0]?.hash ?? '' };
  });
  const password = SEED_PASSWORD;
  const signIn = (email: string): Promise<Tokens> =>
    ask<{ meta: Tokens }>(`${serviceUrl}/auth/login`, { email, password }).then(({ meta }) => meta);
  const [admin, user] = [await signIn(seedEmail(accounts)), await signIn(owner)];
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  return {
    ids,
    accounts,
    admin: bearer(admin.token),
    user: bearer(user.token),
    key: bearer(await newKey(serviceUrl, bearer(admin.token))),
    lastCursor: await cursorBeforeLast(serviceUrl, bearer(admin.token)),
    login: { service: { email: owner, password }, floor: { password, hash } },
    refreshTokens: async (side) => {
      // One after the other: hashing turns away more at once than the machine has time for.
      const sessions: Tokens[] = [];
      while (sessions.length <= connections) sessions.push(await signIn(owner));
      // The floor's token is the id of a session, which the service's token begins with.
      return sessions.map(({ refresh_token: token }) => (side === 'service' ? token : sessionIdOf(token)));
    },
  };
}

/** Makes an API key that reads accounts; the sign-in is fresh enough for that. */
async function newKey(serviceUrl: string, headers: Record<string, string>): Promise<string> {
  const attributes = { name: 'Benchmark', permissions: ['iam:accounts.read.*'] };
  const body = { data: { type: 'iam:api_keys', attributes } };
  return (await ask<{ meta: { key: string } }>(`${serviceUrl}/api_keys`, body, headers)).meta.key;
}

/** The cursor of the row before the last 50. */
async function cursorBeforeLast(serviceUrl: string, headers: Record<string, string>): Promise<string> {
  const url = `${serviceUrl}/accounts?page%5Bbefore%5D=&page%5Bsize%5D=51`;
  const { data } = await ask<{ data: { meta: { page: { cursor: string } } }[] }>(url, undefined, headers);
  return data[0]?.meta.page.cursor ?? '';
}

const sessionIdOf = (refreshToken: string): string =>
  Buffer.from(refreshToken.split('.')[0] ?? '', 'base64url')
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

async function ask<Body>(url: string, body?: unknown, headers: Record<string, string> = {}): Promise<Body> {
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${url} returned ${response.status}: ${await response.text()}`);
  return response.json() as Promise<Body>;
}
