import type { AuthChanges } from '../auth/sessions/auth-changes.js';
import type { SessionRestrictions } from '../auth/sessions/session-restrictions.js';
import { type EndedSessions, SessionStore } from '../auth/sessions/session.store.js';
import type { SessionEnding, SessionObserver, SessionOwner } from '../auth/sessions/session.js';
import { type Sql, sql, type Transaction } from '../json-api/sql/sql.js';
import type { Sweep } from '../sweeps/sweeps.js';

interface Ended {
  readonly id: string;
  readonly account_id: string;
  readonly alive: boolean;
}

/** Sessions that end in one statement, at most: some 100 ms of work. */
export const MAX_ENDED = 2_000;

/** Sessions that expired. */
export const EXPIRED_SESSIONS: Sweep = {
  table: 'account_sessions',
  key: 'id',
  expired: sql`expires_at <= now()`,
  by: 'expires_at',
};

/** Ends sessions in the table `account_sessions`. */
export abstract class SessionEndsRepository extends SessionStore {
  constructor(
    protected readonly changes: Pick<AuthChanges, 'publish'>,
    protected readonly observer: SessionObserver | undefined,
    private readonly restrictions: SessionRestrictions,
  ) {
    super();
  }

  async end(tx: Transaction, { accountId, sessionId }: SessionOwner, ending: SessionEnding): Promise<boolean> {
    const ended = await tx.query<Ended>(sql`
      DELETE FROM account_sessions WHERE id = ${sessionId} AND account_id = ${accountId}
      RETURNING id, account_id, expires_at > now() AS alive`);
    await this.#publishEnded(tx, ended, ending);
    return ended[0]?.alive ?? false;
  }

  async endEverywhere(
    tx: Transaction,
    { accountId, sessionId }: SessionOwner,
    ending: SessionEnding,
    exceptSessionId: string | null = null,
  ): Promise<boolean> {
    // The account first: two of these take one turn after the other, and no session starts meanwhile.
    const [live] = await tx.query(sql`
      SELECT session.id FROM accounts account JOIN account_sessions session ON session.account_id = account.id
      WHERE account.id = ${accountId} AND session.id = ${sessionId} AND session.expires_at > now()
      FOR NO KEY UPDATE OF account FOR UPDATE OF session`);
    if (!live) return false;
    await this.endAll(tx, accountId, ending, exceptSessionId);
    return true;
  }

  endAll(
    tx: Transaction,
    accountId: string,
    ending: SessionEnding,
    exceptSessionId: string | null = null,
  ): Promise<number> {
    return this.endThose(tx, accountId, (id) => sql`${id} IS DISTINCT FROM ${exceptSessionId}::uuid`, ending);
  }

  async endThose(
    tx: Transaction,
    accountId: string,
    isOne: (sessionId: Sql) => Sql,
    ending: SessionEnding,
  ): Promise<number> {
    const which = sql`account_id = ${accountId} AND ${isOne(sql`id`)}`;
    let alive = 0;
    for (let isLast = false; !isLast;) {
      const ended = await this.#endSome(tx, which, ending);
      alive += ended.alive;
      isLast = ended.isLast;
    }
    return alive;
  }

  async ownersOf(tx: Transaction, isOne: (sessionId: Sql) => Sql): Promise<string[]> {
    const rows = await tx.query<{ account_id: string }>(sql`
      SELECT DISTINCT account_id FROM account_sessions WHERE ${isOne(sql`id`)} ORDER BY account_id`);
    return rows.map(({ account_id: id }) => id);
  }

  async now(database: Pick<Transaction, 'query'>): Promise<Date> {
    const [clock] = await database.query<{ now: Date }>(sql`SELECT now() AS now`);
    if (!clock) throw new Error('The database returned no time.');
    return clock.now;
  }

  endSomeStartedBy(tx: Transaction, time: Date, ending: SessionEnding): Promise<EndedSessions> {
    return this.#endSome(tx, sql`created_at <= ${time}`, ending);
  }

  endSomeStopped(tx: Transaction, whose: (account: Sql) => Sql, ending: SessionEnding): Promise<EndedSessions> {
    const which = sql`id IN (
      SELECT session.id FROM account_sessions session JOIN accounts account ON account.id = session.account_id
      WHERE ${whose(sql`account`)} AND ${this.stops()})`;
    return this.#endSome(tx, which, ending);
  }

  /** The condition that a restriction stops `session`, of `account`. */
  protected stops(): Sql {
    return sql`(${this.restrictions.stops({ id: sql`session.id`, account: sql`account` })})`;
  }

  async ended(tx: Transaction, { accountId, sessionId }: SessionOwner, ending: SessionEnding): Promise<void> {
    await this.#publishEnded(tx, [{ id: sessionId, account_id: accountId, alive: true }], ending);
  }

  async #endSome(tx: Transaction, which: Sql, ending: SessionEnding): Promise<EndedSessions> {
    // Locked in the order of ids, so that two of these at once cannot wait for each other.
    const ended = await tx.query<Ended>(sql`
      DELETE FROM account_sessions WHERE id IN (
        SELECT id FROM account_sessions WHERE ${which} ORDER BY id LIMIT ${MAX_ENDED} FOR UPDATE
      ) RETURNING id, account_id, expires_at > now() AS alive`);
    await this.#publishEnded(tx, ended, ending);
    return {
      alive: ended.filter(({ alive }) => alive).length,
      accounts: new Set(ended.map((session) => session.account_id)).size,
      isLast: ended.length < MAX_ENDED,
    };
  }

  /** A session that had expired was over already: there is nothing new about that. */
  async #publishEnded(tx: Transaction, ended: readonly Ended[], ending: SessionEnding): Promise<void> {
    await this.changes.publish(
      tx,
      ended.map((session) => session.account_id),
    );
    for (const { id: sessionId, account_id: accountId, alive } of ended) {
      if (alive) await this.observer?.ended(tx, { accountId, sessionId }, ending);
    }
  }
}
