import { Injectable } from '@nestjs/common';
import { and, ident, sql, Transactions, TRUE } from '../json-api/sql/sql.js';
import type { PersonalTable } from './personal-data.js';

/** Rows that are read at a time. */
const BATCH = 500;

/** Reads the rows about an account, of tables that their owners registered. */
@Injectable()
export class PersonalDataRepository {
  constructor(private readonly transactions: Transactions) {}

  /** Every row about an account, as JSON text, each once; the database is read in batches. */
  async *rows({ table, key, accounts }: PersonalTable, accountId: string): AsyncGenerator<string> {
    const columns = Object.entries(accounts).flatMap(([column, omitted]) =>
      omitted === 'not_exported' ? [] : [{ column, omitted }],
    );
    for (const [place, { column, omitted }] of columns.entries()) {
      const found = columns.slice(0, place).map((earlier) => earlier.column);
      yield* this.rowsBy({ table, key, column, omitted, found }, accountId);
    }
  }

  private async *rowsBy({ table, key, column, omitted, found }: Selected, accountId: string): AsyncGenerator<string> {
    const about = and([
      sql`row.${ident(column)} = ${accountId}::uuid`,
      ...found.map((earlier) => sql`row.${ident(earlier)} IS DISTINCT FROM ${accountId}::uuid`),
    ]);
    for (let isNext = TRUE; ;) {
      const rows: { key: string; json: string }[] = await this.transactions.query(sql`
        SELECT row.${ident(key)}::text AS key, (to_jsonb(row) - ${omitted}::text[])::text AS json
        FROM ${ident(table)} AS row
        WHERE ${about} AND ${isNext}
        ORDER BY row.${ident(key)} LIMIT ${BATCH}`);
      for (const { json } of rows) yield json;
      const last = rows.at(-1);
      if (!last || rows.length < BATCH) return;
      // Without a cast, since the key has the type of its column.
      isNext = sql`row.${ident(key)} > ${last.key}`;
    }
  }
}

interface Selected {
  readonly table: string;
  readonly key: string;
  readonly column: string;
  readonly omitted: readonly string[];
  /** Columns by which rows were found before. */
  readonly found: readonly string[];
}
