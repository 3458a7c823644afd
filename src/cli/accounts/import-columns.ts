import type { SideTable } from '../../json-api/resource/columns.js';
import { ident, join, raw, type Sql, sql, type Transaction } from '../../json-api/sql/sql.js';
import type { TransferResource } from './account-reader.js';

/** A column that an import writes. */
export interface ImportColumn {
  readonly name: string;
  /** The default of the column, as SQL, for lines without a value. */
  readonly otherwise: string;
}

/** A table that an import writes. */
export interface ImportTable {
  readonly name: string;
  /** Column of its primary key. */
  readonly key: string;
  readonly columns: readonly ImportColumn[];
}

/** Columns that are not transferred attributes, but derived from the line. */
const MADE = ['id', 'email_key', 'role_scope_extra', 'organization_ids'] as const;

/** The tables that an import of accounts writes besides those of memberships and credentials, with their columns. */
export async function tablesOf(resource: TransferResource, tx: Transaction): Promise<ImportTable[]> {
  const stored = [...resource.attributes.values()].filter(({ computed }) => !computed);
  const columnsIn = (side: SideTable | undefined): string[] =>
    stored.filter((attribute) => attribute.side === side).map(({ column }) => column);
  const tables = [{ name: 'accounts', key: 'id', names: [...MADE, ...columnsIn(undefined)] }];
  for (const side of resource.sides ?? []) {
    const { table: name, key } = side;
    tables.push({ name, key: key.column, names: [key.column, ...columnsIn(side)] });
  }
  return Promise.all(
    tables.map(async ({ name, key, names }) => ({ name, key, columns: await columnsOf(name, names, tx) })),
  );
}

/** The columns of a table with these names, with the defaults of this database. */
async function columnsOf(table: string, names: readonly string[], tx: Transaction): Promise<ImportColumn[]> {
  const rows = await tx.query<{ name: string; otherwise: string }>(sql`
    SELECT attribute.attname AS name, coalesce(pg_get_expr(default_of.adbin, default_of.adrelid), 'NULL') AS otherwise
    FROM pg_attribute attribute
    LEFT JOIN pg_attrdef default_of ON default_of.adrelid = attribute.attrelid AND default_of.adnum = attribute.attnum
    WHERE attribute.attrelid = ${`"${table}"`}::regclass AND attribute.attname = ANY(${names}::text[])
      AND NOT attribute.attisdropped`);
  return rows.map(({ name, otherwise }) => ({ name, otherwise }));
}

/** The value of a line for a column, possibly null; the default if absent. */
const valueOf = (name: string, otherwise: string): Sql =>
  sql`CASE WHEN jsonb_exists(line.json, ${name}) THEN record.${ident(name)} ELSE ${raw(otherwise)} END`;

/** Inserts rows, given by the names of columns, in the order of their keys. */
export async function insertRows(
  { name: table, key, columns }: ImportTable,
  rows: readonly object[],
  tx: Transaction,
): Promise<void> {
  if (rows.length === 0) return;
  const names = columns.map(({ name }) => ident(name));
  const values = columns.map(({ name, otherwise }) => valueOf(name, otherwise));
  await tx.query(sql`
    INSERT INTO ${ident(table)} (${join(names, ', ')})
    SELECT ${join(values, ', ')} FROM jsonb_array_elements(${JSON.stringify(rows)}::jsonb) line(json),
      jsonb_populate_record(NULL::${ident(table)}, line.json) record
    ORDER BY record.${ident(key)}`);
}
