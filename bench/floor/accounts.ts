import type { FastifyInstance } from 'fastify';
import { ACCOUNT, pageSize, pool, type Query } from './database.js';

const like = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/** Filtered by a part of the name, newest first, and counted: page and count side by side. */
async function search(query: Query): Promise<object> {
  const pattern = like(query['filter[name__match]'] ?? '');
  const where = `WHERE lower(name) LIKE lower($1 COLLATE "und-x-icu")`;
  const [page, count] = await Promise.all([
    pool.query(`${ACCOUNT} FROM accounts account ${where} ORDER BY created_at DESC, id DESC LIMIT $2`, [
      pattern,
      pageSize(query),
    ]),
    pool.query<{ count: number }>(`SELECT count(*)::int AS count FROM accounts ${where}`, [pattern]),
  ]);
  return { data: page.rows, count: count.rows[0]?.count };
}

async function after(cursor: string, query: Query): Promise<object> {
  const [, id]: string[] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  const { rows } = await pool.query(`${ACCOUNT} FROM accounts account WHERE id > $1 ORDER BY id LIMIT $2`, [
    id,
    pageSize(query),
  ]);
  return { data: rows };
}

async function list(query: Query): Promise<object> {
  const offset = (Number(query['page[number]'] ?? 1) - 1) * pageSize(query);
  const { rows } = await pool.query(`${ACCOUNT} FROM accounts account ORDER BY id LIMIT $1 OFFSET $2`, [
    pageSize(query),
    offset,
  ]);
  return { data: rows };
}

/** Lists and shows accounts. */
export async function readAccounts(app: FastifyInstance): Promise<void> {
  app.get<{ Querystring: Query }>('/accounts', async ({ query }) => {
    if (query['filter[name__match]'] !== undefined) return search(query);
    const cursor = query['page[after]'];
    return cursor === undefined ? list(query) : after(cursor, query);
  });

  app.get<{ Params: { id: string }; Querystring: Query }>('/accounts/:id', async ({ params, query }) => {
    const sparse = query['fields[iam:accounts]'] !== undefined;
    const select = sparse ? 'SELECT id, name, email' : ACCOUNT;
    const { rows } = await pool.query(`${select} FROM accounts account WHERE id = $1`, [params.id]);
    return { data: rows[0] };
  });
}
