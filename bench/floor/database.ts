import { Pool, type PoolClient } from 'pg';

/** As many connections as the service has by default. */
export const pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: 10 });

/** What the floor knows of an account, besides its organizations. */
export const COLUMNS = [
  'id',
  'kind',
  'name',
  'email',
  'sso_channel',
  'enabled',
  'role_name',
  'role_scope_extra',
  'picture_url',
  'locale',
  'joined_at',
  'invitation_expired_at',
  'created_at',
  'updated_at',
];

/** The head of a SELECT that has the row of `account`. */
export const ACCOUNT = `SELECT ${COLUMNS.map((name) => `account.${name}`).join(', ')},
    ARRAY(SELECT organization_id FROM memberships WHERE account_id = account.id) AS org`;

/** Runs the work in a transaction. */
export async function transaction<Result>(work: (client: PoolClient) => Promise<Result>): Promise<Result> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

export type Query = Record<string, string | undefined>;

export const pageSize = (query: Query): number => Number(query['page[size]'] ?? 1000);
