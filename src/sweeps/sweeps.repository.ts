import { Injectable } from '@nestjs/common';
import { ident, raw, sql, Transactions } from '../json-api/sql/sql.js';
import type { Sweep } from './sweeps.js';

const BATCH = 1_000;
/** `statement_timeout` of a sweep. */
const STATEMENT_TIMEOUT = raw(`'3s'`);
/** `lock_timeout` of a sweep: locked rows are left to the next one. */
const LOCK_TIMEOUT = raw(`'200ms'`);

/** When sweeps are due, and the deletions. */
@Injectable()
export class SweepsRepository {
  constructor(private readonly transactions: Transactions) {}

  /** The names of the due sweeps. */
  async due(names: readonly string[]): Promise<Set<string>> {
    const rows = await this.transactions.query<{ name: string }>(sql`
      SELECT name FROM unnest(${names}::text[]) AS known (name)
      WHERE NOT EXISTS (SELECT FROM sweeps WHERE sweeps.name = known.name AND due_at > now())`);
    return new Set(rows.map(({ name }) => name));
  }

  /** Claims a due sweep for `seconds`. Returns false when another instance was faster, or it is not due. */
  async claim(name: string, seconds: number): Promise<boolean> {
    const claimed = await this.transactions.query(sql`
      INSERT INTO sweeps AS sweep (name, due_at) VALUES (${name}, now() + make_interval(secs => ${seconds}))
      ON CONFLICT (name) DO UPDATE SET due_at = excluded.due_at WHERE sweep.due_at <= now() RETURNING 1`);
    return claimed.length > 0;
  }

  /** Marks a sweep as done, and due again after `seconds`. */
  async finish(name: string, seconds: number): Promise<void> {
    await this.transactions.query(
      sql`UPDATE sweeps SET due_at = now() + make_interval(secs => ${seconds}) WHERE name = ${name}`,
    );
  }

  /**
   * Deletes one batch of expired rows in a transaction of its own.
   * @returns how many there were, and whether there may be more
   */
  async delete({ table, key, expired, by, batch = BATCH, setting }: Sweep): Promise<{ rows: number; more: boolean }> {
    const deleted = await this.transactions.run(async (tx) => {
      await tx.query(sql`SET LOCAL statement_timeout = ${STATEMENT_TIMEOUT}`);
      await tx.query(sql`SET LOCAL lock_timeout = ${LOCK_TIMEOUT}`);
      if (setting !== undefined) await tx.query(sql`SELECT set_config(${setting}, 'on', true)`);
      return tx.query(sql`
        DELETE FROM ${ident(table)} WHERE ${ident(key)} IN (
          SELECT ${ident(key)} FROM ${ident(table)} WHERE ${expired}
          ORDER BY ${ident(by)} LIMIT ${batch} FOR UPDATE SKIP LOCKED
        ) RETURNING 1`);
    });
    return { rows: deleted.length, more: deleted.length === batch };
  }
}
