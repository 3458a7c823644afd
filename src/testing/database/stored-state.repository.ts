import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError, type Pool, type PoolClient } from 'pg';
import { discardJobs } from '../../outbox/outbox.repository.js';
import { findTables, type Table } from './tables.repository.js';
import { type TableName, withoutTriggers } from './triggers.repository.js';

/** A table with more rows is truncated, which costs the same for any number; a few rows are deleted faster. */
const MAX_DELETED = 1_000;
/** Maximum time to wait for jobs of the outbox that run, in milliseconds. */
const JOBS_MS = 10_000;
const DEADLOCK = '40P01';
const DEADLOCK_ATTEMPTS = 5;

/** What a table held in the beginning. */
interface Beginning {
  readonly count: number;
  readonly print: string | null;
  /** As JSON. */
  readonly rows: string;
}

/**
 * The rows that a database held at one moment, to which it can be brought back. Only tables that have changed are
 * written: those that were empty are emptied, and those with rows, as a migration inserts them, get these again.
 */
export class StoredState {
  private constructor(
    private readonly pool: Pool,
    private readonly tables: readonly Table[],
    private readonly beginnings: ReadonlyMap<string, Beginning>,
    private readonly sequences: string,
  ) {}

  /** Remembers what the database holds now. */
  static async capture(pool: Pool): Promise<StoredState> {
    const client = await pool.connect();
    try {
      const tables = await findTables(client);
      const beginnings = new Map<string, Beginning>();
      for (const { name } of tables) {
        const { rows } = await client.query<Beginning>(
          `SELECT count(*)::int AS count, ${PRINT} AS print, coalesce(jsonb_agg(to_jsonb(r)), '[]')::text AS rows FROM ${name} r`,
        );
        if (rows[0] && rows[0].count > 0) beginnings.set(name, rows[0]);
      }
      return new StoredState(pool, tables, beginnings, await sequenceValues(client));
    } finally {
      client.release();
    }
  }

  /**
   * Brings the database back. Jobs of the outbox that wait are dropped, those that run are waited for.
   * @throws Error when a job does not end
   */
  async restore(): Promise<void> {
    const client = await this.pool.connect();
    try {
      await dropJobs(client);
      for (let attempt = 1; ; attempt++) {
        try {
          await this.restoreRows(client);
          return;
        } catch (error) {
          // With work that the service does by itself, such as a sweep.
          const isDeadlock = error instanceof DatabaseError && error.code === DEADLOCK;
          if (!isDeadlock || attempt === DEADLOCK_ATTEMPTS) throw error;
        }
      }
    } finally {
      client.release();
    }
  }

  private async restoreRows(client: PoolClient): Promise<void> {
    const changed = await this.changed(client);
    if (changed.size > 0) {
      const tables = this.affectedBy([...changed.keys()]);
      const names = tables.map(({ name }) => name);
      await withoutTriggers(client, names, async () => {
        const large = names.filter((name) => (changed.get(name) ?? 0) > MAX_DELETED);
        if (large.length > 0) await client.query(`TRUNCATE ${large.join(', ')} CASCADE`);
        // Children first, and their parents' rows first when they are inserted again.
        for (const name of names) await client.query(`DELETE FROM ${name}`);
        for (const table of tables.toReversed()) await this.insert(client, table);
      });
    }
    if ((await sequenceValues(client)) !== this.sequences) await restoreSequences(client, this.sequences);
  }

  /** These tables, and those that refer to them, whose rows go with theirs. */
  private affectedBy(names: readonly TableName[]): readonly Table[] {
    const affected = new Set(names);
    // Children stand before their parents.
    for (const { name, children } of this.tables.toReversed()) {
      if (affected.has(name)) for (const child of children) affected.add(child);
    }
    return this.tables.filter(({ name }) => affected.has(name));
  }

  /** The tables that hold something else than in the beginning, with how many rows they have, up to a bound. */
  private async changed(client: PoolClient): Promise<ReadonlyMap<TableName, number>> {
    const looks = this.tables.map(({ name }, index) => {
      const { count } = this.beginnings.get(name) ?? { count: 0 };
      const rows = `(SELECT count(*)::int FROM (SELECT FROM ${name} LIMIT ${Math.max(count, MAX_DELETED) + 1}) AS r)`;
      if (count === 0) return `SELECT ${index} AS index, ${rows} AS count, NULL AS print`;
      // Only when the number has not changed: sorting many rows takes time.
      const print = `CASE WHEN ${rows} = ${count} THEN (SELECT ${PRINT} FROM ${name} r) END`;
      return `SELECT ${index} AS index, ${rows} AS count, ${print} AS print`;
    });
    const { rows } = await client.query<{ index: number; count: number; print: string | null }>(
      `${looks.join(' UNION ALL ')} ORDER BY 1`,
    );
    const changes = rows.flatMap(({ index, count, print }): [TableName, number][] => {
      const { name = '' } = this.tables[index] ?? {};
      const beginning = this.beginnings.get(name);
      const isSame = beginning ? count === beginning.count && print === beginning.print : count === 0;
      return isSame ? [] : [[name, count]];
    });
    return new Map(changes);
  }

  private async insert(client: PoolClient, { name, columns }: Table): Promise<void> {
    const beginning = this.beginnings.get(name);
    if (!beginning) return;
    const list = columns.join(', ');
    await client.query(
      `INSERT INTO ${name} (${list}) OVERRIDING SYSTEM VALUE
      SELECT ${list} FROM jsonb_populate_recordset(NULL::${name}, $1::jsonb)`,
      [beginning.rows],
    );
  }
}

/** Of all rows, whatever their order. */
const PRINT = `md5(string_agg(r::text, E'\\n' ORDER BY r::text))`;

/** The values of all sequences but those of graphile-worker, as JSON. */
async function sequenceValues(client: PoolClient): Promise<string> {
  const { rows } = await client.query<{ values: string }>(
    `SELECT coalesce(jsonb_object_agg(format('%I.%I', schemaname, sequencename), last_value), '{}')::text AS values
    FROM pg_sequences WHERE schemaname <> 'graphile_worker'`,
  );
  return rows[0]?.values ?? '{}';
}

async function restoreSequences(client: PoolClient, values: string): Promise<void> {
  await client.query(
    `SELECT CASE WHEN value IS NULL THEN setval(name::regclass, start_value, false)
      ELSE setval(name::regclass, value::bigint) END
    FROM jsonb_each_text($1::jsonb) AS beginning (name, value)
    JOIN pg_sequences ON format('%I.%I', schemaname, sequencename) = name
    WHERE last_value IS DISTINCT FROM value::bigint`,
    [values],
  );
}

/** A job that runs may queue another one, and writes into tables that are about to be emptied. */
async function dropJobs(client: PoolClient): Promise<void> {
  const end = performance.now() + JOBS_MS;
  for (;;) {
    if ((await discardJobs(client)) === 0) return;
    if (performance.now() > end) throw new Error(`Jobs of the outbox are still running after ${JOBS_MS / 1_000} s.`);
    await sleep(5);
  }
}
