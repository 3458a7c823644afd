import type { DataSource } from 'typeorm';

type Database = Pick<DataSource, 'query'>;

/** The first column `value` of the first row. */
async function valueOf<Value>(database: Database, statement: string, values?: unknown[]): Promise<Value | undefined> {
  const [row] = await database.query<{ value: Value }[]>(statement, values);
  return row?.value;
}

/** Asks the server for an answer. @throws what the driver throws when there is none */
export async function ping(database: Database): Promise<void> {
  await database.query('SELECT 1');
}

/** The server's version, as it says it itself. */
export async function serverVersion(database: Database): Promise<string> {
  return (await valueOf<string>(database, `SELECT current_setting('server_version') AS value`)) ?? '';
}

/** Whether this connection is encrypted. */
export async function isEncrypted(database: Database): Promise<boolean> {
  const statement = 'SELECT ssl AS value FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
  return (await valueOf<boolean>(database, statement)) ?? false;
}

/** How many connections the server gives to roles that are no superusers. */
export async function maxConnections(database: Database): Promise<number> {
  return (
    (await valueOf<number>(
      database,
      `SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS value`,
    )) ?? 0
  );
}

/** The server's clock. */
export async function serverTime(database: Database): Promise<Date | undefined> {
  return valueOf<Date>(database, 'SELECT clock_timestamp() AS value');
}

/** Whether there is a table or view of this name, which may begin with a schema. */
export async function relationExists(database: Database, relation: string): Promise<boolean> {
  const found = await valueOf<boolean>(
    database,
    // By name, since to_regclass fails where the schema may not be used.
    `SELECT EXISTS (
       SELECT FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
       WHERE CASE WHEN $1 LIKE '%.%' THEN nspname || '.' || relname = $1
                  ELSE relname = $1 AND nspname = ANY (current_schemas(false) || 'public'::name) END) AS value`,
    [relation],
  );
  return found ?? false;
}
