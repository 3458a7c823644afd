import type { PoolClient } from 'pg';
import type { TableName } from './triggers.repository.js';

/** A table, with the columns into which a row is inserted. */
export interface Table {
  readonly name: TableName;
  readonly columns: readonly string[];
  /** Tables that refer to it, by their names. */
  readonly children: readonly TableName[];
}

interface Reference {
  readonly child: TableName;
  readonly parent: TableName;
}

/** Tables with rows: no views, no parents of partitions, nothing of PostgreSQL, of its extensions or of graphile-worker. */
const TABLES = `
  SELECT c.oid::regclass::text AS name, ARRAY(
    SELECT quote_ident(attname) FROM pg_attribute
    WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
  ) AS columns
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname NOT IN ('information_schema', 'graphile_worker')
    AND n.nspname NOT LIKE 'pg\\_%'
    AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
  ORDER BY 1`;

const REFERENCES = `
  SELECT conrelid::regclass::text AS child, confrelid::regclass::text AS parent FROM pg_constraint
  WHERE contype = 'f' AND conrelid <> confrelid`;

/** Every table of the database, each after the tables that refer to it. Those that refer to each other come as they are. */
export async function findTables(client: PoolClient): Promise<readonly Table[]> {
  const { rows } = await client.query<Omit<Table, 'children'>>(TABLES);
  const { rows: references } = await client.query<Reference>(REFERENCES);
  const childrenOf = (name: TableName): TableName[] =>
    references.filter(({ parent }) => parent === name).map(({ child }) => child);
  const tables = rows.map((table) => ({ ...table, children: childrenOf(table.name) }));
  const ordered = new Map<TableName, Table>();
  const visiting = new Set<TableName>();
  const visit = (table: Table): void => {
    if (visiting.has(table.name)) return;
    visiting.add(table.name);
    for (const child of tables.filter(({ name }) => table.children.includes(name))) visit(child);
    ordered.set(table.name, table);
  };
  tables.forEach(visit);
  return [...ordered.values()];
}
