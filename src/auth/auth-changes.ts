import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Recurring } from '../json-api/recurring.js';
import { sql } from '../json-api/sql.js';
import type { Transaction } from '../json-api/transaction.js';
import { ActorCache } from './actor-cache.js';

/** Time between two looks, in ms: three fit into the second after which nothing remembered is trusted. */
const POLL_MS = 300;
/**
 * How far back each look reaches, in seconds. Rows become visible at their commit, not when they are written, so a look
 * must overlap the longest transaction: one of a dozen statements, none of which takes, or follows the last, by more
 * than 5 s.
 */
const OVERLAP_SECONDS = 60;

/** Stands in a change for every account: no account has this id. */
const EVERYBODY = '00000000-0000-0000-0000-000000000000';

/**
 * Tells every instance when what it remembers of an account is out of date. A change is a row, written in the
 * transaction of what changed; each instance looks for new ones several times a second. PostgreSQL's NOTIFY would
 * serialize commits, and a connection that listens can fail without a word; a look that fails is known to have failed.
 */
@Injectable()
export class AuthChanges implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(AuthChanges.name);
  private recurring: readonly Recurring[] = [];
  /** Ids of the rows within the overlap that were acted on already. */
  private seen = new Set<string>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly cache: ActorCache,
  ) {}

  onApplicationBootstrap(): void {
    const blind = (error: unknown): void =>
      this.logger.warn(`Cannot see what changed, so every request asks the database: ${String(error)}`);
    this.recurring = [new Recurring({ everyMs: POLL_MS, atOnce: true, run: () => this.look(), failed: blind })];
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.recurring.map((work) => work.stop()));
  }

  /** Notes in this transaction that these accounts changed. This instance knows at the commit, the others soon after. */
  async note(tx: Transaction, accountIds: readonly string[]): Promise<void> {
    const ids = [...new Set(accountIds)];
    if (ids.length === 0) return;
    await tx.query(sql`
      INSERT INTO auth_changes (id, account_id)
      SELECT * FROM unnest(${ids.map(() => uuidv7())}::uuid[], ${ids}::uuid[])`);
    tx.afterCommit(() => this.cache.forget(ids));
  }

  /** Notes in this transaction that anybody may have changed: for what concerns more accounts than one can name. */
  async noteEverybody(tx: Transaction): Promise<void> {
    await tx.query(sql`INSERT INTO auth_changes (id, account_id) VALUES (${uuidv7()}, ${EVERYBODY})`);
    tx.afterCommit(() => this.cache.forgetAll());
  }

  /** One look at the feed. @throws what the driver throws; the cache is then soon not trusted any more */
  async look(): Promise<void> {
    const beganAt = performance.now();
    const rows = await this.dataSource.query<{ id: string; account_id: string }[]>(
      `SELECT id, account_id FROM auth_changes WHERE created_at > clock_timestamp() - make_interval(secs => $1)`,
      [OVERLAP_SECONDS],
    );
    const changed = rows.filter(({ id }) => !this.seen.has(id)).map((row) => row.account_id);
    if (changed.includes(EVERYBODY)) this.cache.forgetAll();
    else this.cache.forget(changed);
    this.seen = new Set(rows.map(({ id }) => id));
    this.cache.looked(beganAt);
  }
}
