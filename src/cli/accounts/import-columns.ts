import { ident, raw, sql, type Sql } from '../../json-api/sql/sql.js';
import type { Transaction } from '../../json-api/sql/executor.js';
import type { TransferResource } from './account-reader.js';

/** A column that an import writes. */
export interface ImportColumn {
  readonly name: string;
  /** The default of the column, as SQL, for lines without a value. */
  readonly otherwise: string;
}

/** Columns that are not transferred attributes, but derived from the line. */
const MADE = ['id', 'email_key', 'role_scope_extra'] as const;

/** The columns of all transferred attributes, including those of extensions, with the defaults of this database. */
export async function columnsOf(resource: TransferResource, tx: Transaction): Promise<ImportColumn[]> {
  const carried = [...resource.attributes.values()].flatMap(({ column, computed }) => (computed ? [] : [column]));
  const names = [...MADE, ...carried];
  const rows = await tx.query<{ name: string; otherwise: string }>(sql`
    SELECT attribute.attname AS name, coalesce(pg_get_expr(default_of.adbin, default_of.adrelid), 'NULL') AS otherwise
    FROM pg_attribute attribute
    LEFT JOIN pg_attrdef default_of ON default_of.adrelid = attribute.attrelid AND default_of.adnum = attribute.attnum
    WHERE attribute.attrelid = 'accounts'::regclass AND attribute.attname = ANY(${names}::text[])
      AND NOT attribute.attisdropped`);
  return rows.map(({ name, otherwise }) => ({ name, otherwise }));
}

/** The value of a line for a column, possibly null; the default if absent. */
export const valueOf = (name: string, otherwise: string): Sql =>
  sql`CASE WHEN jsonb_exists(line.json, ${name}) THEN account.${ident(name)} ELSE ${raw(otherwise)} END`;
