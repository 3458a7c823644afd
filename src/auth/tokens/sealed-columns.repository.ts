import type { DataSource } from 'typeorm';
import { relationExists } from '../../database/checks/server-facts.js';
import type { SecretBox } from './secrets.js';

/** A column with texts that `SecretBox` sealed, in a table whose key is `id`. All names are constants of this project. */
export interface SealedColumn {
  readonly table: string;
  readonly column: string;
  /** SQL that gives what a row is sealed for. */
  readonly purpose: string;
}

interface Row {
  readonly id: string;
  readonly sealed: string;
  readonly purpose: string;
}

/** Rows that are read and written at a time. */
const BATCH = 500;

/** Before the first UUID. */
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** The rows of a column that are sealed with another secret than the newest. All of it throws what the driver throws. */
export class SealedRows {
  constructor(
    private readonly dataSource: Pick<DataSource, 'query'>,
    private readonly secrets: SecretBox,
    private readonly column: SealedColumn,
  ) {}

  /** How many there are; none before the table is created. */
  async countOld(): Promise<number> {
    const { table, column } = this.column;
    if (!(await relationExists(this.dataSource, table))) return 0;
    const [row] = await this.dataSource.query<{ count: number }[]>(
      `SELECT count(*)::float8 AS count FROM ${table} WHERE ${column} IS NOT NULL AND NOT starts_with(${column}, $1)`,
      [this.secrets.newestPrefix],
    );
    return row?.count ?? 0;
  }

  /**
   * Seals them anew with the newest secret, a batch at a time. A row that is deleted or changes meanwhile is left alone.
   * @returns how many were sealed anew, and how many no secret of the configuration opens
   */
  async reseal(signal: AbortSignal): Promise<{ readonly resealed: number; readonly unreadable: number }> {
    let [resealed, unreadable] = [0, 0];
    for (let after = FIRST_ID, rows: Row[] = []; ; after = rows.at(-1)?.id ?? after) {
      signal.throwIfAborted();
      rows = await this.batchAfter(after);
      if (rows.length === 0) return { resealed, unreadable };
      const fresh = rows.flatMap(({ id, sealed, purpose }) => {
        const text = this.secrets.open(purpose, sealed);
        return text === null ? [] : [{ id, sealed, anew: this.secrets.seal(purpose, text) }];
      });
      unreadable += rows.length - fresh.length;
      resealed += await this.replace(fresh);
    }
  }

  private batchAfter(id: string): Promise<Row[]> {
    const { table, column, purpose } = this.column;
    return this.dataSource.query<Row[]>(
      `SELECT id, ${column} AS sealed, ${purpose} AS purpose FROM ${table}
      WHERE ${column} IS NOT NULL AND NOT starts_with(${column}, $1) AND id > $2::uuid ORDER BY id LIMIT $3`,
      [this.secrets.newestPrefix, id, BATCH],
    );
  }

  private async replace(rows: readonly { id: string; sealed: string; anew: string }[]): Promise<number> {
    const { table, column } = this.column;
    const [replaced] = await this.dataSource.query<[unknown[], number]>(
      `UPDATE ${table} row SET ${column} = given.anew
      FROM unnest($1::uuid[], $2::text[], $3::text[]) AS given (id, sealed, anew)
      WHERE row.id = given.id AND row.${column} = given.sealed RETURNING row.id`,
      [rows.map(({ id }) => id), rows.map(({ sealed }) => sealed), rows.map(({ anew }) => anew)],
    );
    return replaced.length;
  }
}
