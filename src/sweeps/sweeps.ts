import { Injectable } from '@nestjs/common';
import type { Sql } from '../json-api/sql/sql.js';

/** Rows of one table that are deleted once they have expired. */
export interface Sweep {
  /** Name of the table, which is also the sweep's. */
  readonly table: string;
  /** Column of its primary key. */
  readonly key: string;
  /** Which rows have expired: a condition on the table's columns. It depends on the database's clock, not on ours. */
  readonly expired: Sql;
  /** The column that `expired` compares; an index begins with it, so that a sweep reads what it deletes and no more. */
  readonly by: string;
  /** Time between two sweeps, in seconds; 300 by default. */
  readonly everySeconds?: number;
  /** Rows of one statement; 1,000 by default: few enough that locks are short. */
  readonly batch?: number;
  /** A setting that a trigger of the table requires, such as `iam.audit_retention`; it is `on` during the deletion. */
  readonly setting?: string;
}

/** The registered sweeps. A module registers its tables in `onModuleInit`; the {@link Sweeper} does the rest. */
@Injectable()
export class Sweeps {
  private readonly sweeps = new Map<string, Sweep>();

  /** @throws Error when the table is registered already */
  register(...sweeps: readonly Sweep[]): void {
    for (const sweep of sweeps) {
      if (this.sweeps.has(sweep.table)) throw new Error(`The table ${sweep.table} is registered as a sweep twice`);
      this.sweeps.set(sweep.table, sweep);
    }
  }

  /** All of them, in the order in which they were registered. */
  list(): readonly Sweep[] {
    return [...this.sweeps.values()];
  }
}
