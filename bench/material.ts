import type { ClientBase } from 'pg';
import { withClient } from './postgres/client.js';
import type { Material, Matches } from './rows.js';
import { COMMON_FIRST_NAME, SEED_PASSWORD, seedEmail } from './seed.js';

/** So many accounts are shown and changed in turn; in a run of ten seconds none comes twice. */
const IDS = 20_000;

/** A letter that about half of the seeded names have. */
const COMMON_LETTER = 'r';

/** Name that no other account has. */
const UNIQUE = `SELECT name AS pattern FROM accounts GROUP BY name HAVING count(*) = 1 ORDER BY md5(name) LIMIT 1`;

/** Four letters of last names: those whose number of accounts is nearest to 20. */
const TWENTY = `
  SELECT part AS pattern FROM (
    SELECT DISTINCT id, substr(lower(name), generate_series(length(name) - 6, length(name) - 3), 4) AS part FROM accounts
  ) parts GROUP BY part ORDER BY abs(count(*) - 20), part LIMIT 1`;

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
  const { ids, owner, hash, sessions, patterns } = await findRows(databaseUrl, connections);
  const password = SEED_PASSWORD;
  const signIn = (email: string): Promise<Tokens> =>
    ask<{ meta: Tokens }>(`${serviceUrl}/auth/login`, { email, password }).then(({ meta }) => meta);
  const [admin, user] = [await signIn(seedEmail(accounts)), await signIn(owner)];
  return {
    ids,
    accounts,
    patterns,
    admin: bearer(admin.token),
    user: bearer(user.token),
    key: bearer(await newKey(serviceUrl, bearer(admin.token))),
    session: bearer(sessions[0]?.nonce ?? ''),
    lastCursor: await cursorBeforeLast(serviceUrl, bearer(admin.token)),
    login: { service: { email: owner, password }, floor: { password, hash } },
    refreshTokens: async (side) => {
      // The floor's token is the id of a session. It refreshes all but the one by whose token it authenticates.
      if (side === 'floor') return sessions.slice(1).map(({ id }) => id);
      // One after the other: hashing turns away more at once than the machine has time for.
      const tokens: string[] = [];
      while (tokens.length < connections) tokens.push((await signIn(owner)).refresh_token);
      return tokens;
    },
  };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

const findRows = (databaseUrl: string, connections: number) =>
  withClient(databaseUrl, async (client) => {
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
    // The floor's copy has these too.
    const { rows: sessions } = await client.query<{ id: string; nonce: string }>(
      `SELECT id, nonce FROM account_sessions WHERE expires_at > now() ORDER BY id LIMIT $1`,
      [connections + 1],
    );
    return {
      ids: sample.rows.map(({ id }) => id),
      owner: rows[0]?.email ?? '',
      hash: rows[0]?.hash ?? '',
      sessions,
      patterns: await findPatterns(client),
    };
  });

/** Finds a text for each number of matches in the seeded names; the same ones in each database of one size. */
async function findPatterns(client: ClientBase): Promise<Record<Matches, string>> {
  const patternOf = async (statement: string): Promise<string> => {
    const { rows } = await client.query<{ pattern: string }>(statement);
    return rows[0]?.pattern ?? '';
  };
  return {
    one: await patternOf(UNIQUE),
    twenty: await patternOf(TWENTY),
    oneIn64: COMMON_FIRST_NAME,
    half: COMMON_LETTER,
    // Between first and last name.
    all: ' ',
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

async function ask<Body>(url: string, body?: unknown, headers: Record<string, string> = {}): Promise<Body> {
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${url} returned ${response.status}: ${await response.text()}`);
  return response.json() as Promise<Body>;
}
