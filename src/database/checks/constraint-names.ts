import type { DataSource } from 'typeorm';

/** Constraints and unique indexes of the schemas in which the role finds its tables. */
const KNOWN = `
  SELECT conname AS name FROM pg_constraint
  WHERE connamespace = ANY (SELECT oid FROM pg_namespace WHERE nspname = ANY (current_schemas(false)))
  UNION SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
  WHERE indisunique AND relnamespace = ANY (SELECT oid FROM pg_namespace WHERE nspname = ANY (current_schemas(false)))`;

/**
 * The names that are no constraint of the database. An error by such a name would never be thrown.
 * @throws what the driver throws
 */
export async function findUnknownConstraints(
  dataSource: Pick<DataSource, 'query'>,
  names: readonly string[],
): Promise<string[]> {
  if (names.length === 0) return [];
  const rows = await dataSource.query<{ name: string }[]>(`SELECT name FROM (${KNOWN}) known WHERE name = ANY ($1)`, [
    names,
  ]);
  const known = new Set(rows.map(({ name }) => name));
  return names.filter((name) => !known.has(name));
}
