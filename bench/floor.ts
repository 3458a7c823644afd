import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { compare } from 'bcrypt';
import fastify from 'fastify';
import { Pool } from 'pg';

/**
 * The floor: Fastify and pg with hand-written SQL and `JSON.stringify`, nothing else. It serves the requests of the
 * benchmark with the same data, but authenticates no one, checks nothing, and writes plain JSON.
 */

const { PORT, DATABASE_URL } = process.env;
const pool = new Pool({ connectionString: DATABASE_URL, max: 10 });
const app = fastify();

const COLUMNS = ['id', 'name', 'email', 'sso_channel', 'enabled', 'role_name', 'role_scope_extra', 'picture_url'];
COLUMNS.push('joined_at', 'invitation_expired_at', 'created_at', 'updated_at');
const ACCOUNT = `SELECT ${COLUMNS.map((name) => `account.${name}`).join(', ')},
    ARRAY(SELECT organization_id FROM memberships WHERE account_id = account.id) AS org`;

type Query = Record<string, string | undefined>;

const size = (query: Query): number => Number(query['page[size]'] ?? 1000);
const like = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/** Filtered, sorted and counted. */
async function search(query: Query): Promise<unknown> {
  const values = [like(query['filter[name__match]'] ?? ''), query['filter[role_name__in]']?.split(',')];
  const where = `WHERE lower(name) LIKE lower($1 COLLATE "und-x-icu") AND role_name = ANY($2)`;
  const [page, count] = await Promise.all([
    pool.query(`${ACCOUNT} FROM accounts account ${where} ORDER BY created_at DESC, id DESC LIMIT $3`, [
      ...values,
      size(query),
    ]),
    pool.query(`SELECT count(*)::int AS count FROM accounts ${where}`, values),
  ]);
  return { data: page.rows, count: count.rows[0].count };
}

app.get<{ Querystring: Query }>('/accounts', async ({ query }) => {
  if (query['filter[name__match]'] !== undefined) return search(query);
  const cursor = query['page[after]'];
  if (cursor !== undefined) {
    const [, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return {
      data: (await pool.query(`${ACCOUNT} FROM accounts account WHERE id > $1 ORDER BY id LIMIT $2`, [id, size(query)]))
        .rows,
    };
  }
  const offset = (Number(query['page[number]'] ?? 1) - 1) * size(query);
  return {
    data: (await pool.query(`${ACCOUNT} FROM accounts account ORDER BY id LIMIT $1 OFFSET $2`, [size(query), offset]))
      .rows,
  };
});

app.get<{ Params: { id: string }; Querystring: Query }>('/accounts/:id', async ({ params, query }) => {
  const sparse = query['fields[iam:accounts]'] !== undefined;
  const select = sparse ? 'SELECT id, name, email' : ACCOUNT;
  return { data: (await pool.query(`${select} FROM accounts account WHERE id = $1`, [params.id])).rows[0] };
});

app.patch<{ Params: { id: string }; Body: { data: { attributes: { name: string } } } }>(
  '/accounts/:id',
  async ({ params, body }) => {
    const { rows } = await pool.query(
      `WITH changed AS (
         UPDATE accounts SET name = $2, updated_at = now(), version = version + 1 WHERE id = $1 RETURNING *
       ) ${ACCOUNT} FROM changed account`,
      [params.id, body.data.attributes.name],
    );
    return { data: rows[0] };
  },
);

const SESSION_COLUMNS = ['id', 'account_id', 'user_agent', 'ip', 'created_at', 'updated_at', 'expires_at'];

/** Sessions with their accounts. */
app.get<{ Querystring: Query }>('/account_sessions', async ({ query }) => {
  const { rows } = await pool.query<unknown[]>({
    text: `${ACCOUNT}, ${SESSION_COLUMNS.map((name) => `session.${name}`).join(', ')}
      FROM account_sessions session JOIN accounts account ON account.id = session.account_id
      WHERE session.expires_at > now() ORDER BY session.id LIMIT $1`,
    values: [size(query)],
    rowMode: 'array',
  });
  const named = (names: readonly string[], values: readonly unknown[]): object =>
    Object.fromEntries(names.map((name, i) => [name, values[i]]));
  const names = [...COLUMNS, 'org'];
  return {
    data: rows.map((row) => ({
      ...named(SESSION_COLUMNS, row.slice(names.length)),
      account: named(names, row),
    })),
  };
});

app.get('/audit_events', async (_request, reply) => reply.code(403).send({ error: 'forbidden' }));

/** Nothing but the comparison; both sides compare one hash of the same cost. */
app.post<{ Body: { password: string; hash: string } }>('/auth/login', async ({ body }) => ({
  ok: await compare(body.password, body.hash),
}));

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const HEADER = encoded({ alg: 'ES256', typ: 'at+jwt' });

/** One UPDATE and one signature. The token is the session's id. */
app.post<{ Body: { refresh_token: string } }>('/auth/refresh', async ({ body }) => {
  const { rows } = await pool.query(
    `UPDATE account_sessions SET refresh_seq = refresh_seq + 1, nonce = $2, refreshed_at = now(), updated_at = now(),
       expires_at = now() + interval '14 days', version = version + 1 WHERE id = $1 RETURNING account_id`,
    [body.refresh_token, randomBytes(16).toString('base64url')],
  );
  const iat = Math.floor(Date.now() / 1000);
  const signed = `${HEADER}.${encoded({ sub: rows[0].account_id, sid: body.refresh_token, iat, exp: iat + 900 })}`;
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString(
    'base64url',
  );
  return { meta: { token: `${signed}.${signature}`, refresh_token: body.refresh_token } };
});

app.get('/health/ready', async () => ({ status: 'ok' }));

await app.listen({ host: '127.0.0.1', port: Number(PORT) });
process.on('SIGTERM', () => process.exit(0));
