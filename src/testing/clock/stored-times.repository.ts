import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import { JOB_TIMES } from '../../outbox/outbox.repository.js';
import { type TableName, withoutTriggers } from '../database/triggers.repository.js';

/** Types of columns that hold a moment. A `date` is a day of the calendar, which stays. */
const TIMES: ReadonlySet<unknown> = new Set([
  ...['timestamptz', 'timestamp with time zone', 'timestamp', 'timestamp without time zone', Date],
]);

const quoted = (name: string): string => `"${name}"`;

/** Columns with times, by the tables of the service and of its extension. */
export function timeColumns({
  entityMetadatas,
}: Pick<DataSource, 'entityMetadatas'>): ReadonlyMap<TableName, readonly string[]> {
  const byTable = new Map<TableName, string[]>([[JOB_TIMES.table, JOB_TIMES.columns]]);
  for (const { tablePath, tableType, columns } of entityMetadatas) {
    const times = columns.filter(
      ({ type, generatedType, isVirtual }) => TIMES.has(type) && !generatedType && !isVirtual,
    );
    if (tableType === 'view' || times.length === 0) continue;
    const table = tablePath.split('.').map(quoted).join('.');
    const names = times.map(({ databaseName }) => quoted(databaseName));
    byTable.set(table, [...new Set([...(byTable.get(table) ?? []), ...names])]);
  }
  return byTable;
}

/** Moves every stored time back by so many milliseconds. Neither versions nor `updated_at` count it as a change. */
export async function moveStoredTimesBack(pool: Pool, dataSource: DataSource, ms: number): Promise<void> {
  const tables = timeColumns(dataSource);
  const client = await pool.connect();
  try {
    await withoutTriggers(client, [...tables.keys()], async () => {
      for (const [table, columns] of tables) {
        const moved = columns.map((column) => `${column} = ${column} - make_interval(secs => $1)`);
        await client.query(`UPDATE ${table} SET ${moved.join(', ')}`, [ms / 1_000]);
      }
    });
  } finally {
    client.release();
  }
}
