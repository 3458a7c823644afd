import type { PoolClient } from 'pg';

/** A table by its name in SQL, quoted and qualified. */
export type TableName = string;

/**
 * Runs the work in a transaction without the tables' own triggers, such as the one that keeps the audit trail
 * append-only. Those of foreign keys stay.
 */
export async function withoutTriggers<Result>(
  client: PoolClient,
  tables: readonly TableName[],
  work: () => Promise<Result>,
): Promise<Result> {
  await client.query('BEGIN');
  try {
    const { rows } = await client.query<{ of: string; name: string }>(
      `SELECT tgrelid::regclass::text AS of, quote_ident(tgname) AS name FROM pg_trigger
      WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgrelid = ANY ($1::regclass[]) ORDER BY 1, 2`,
      [tables],
    );
    const all = (verb: string): string =>
      rows.map(({ of, name }) => `ALTER TABLE ${of} ${verb} TRIGGER ${name}`).join('; ');
    await client.query(all('DISABLE'));
    const result = await work();
    // A table is not altered while deferred constraints wait on it.
    await client.query(`SET CONSTRAINTS ALL IMMEDIATE; ${all('ENABLE')}; COMMIT`);
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}
