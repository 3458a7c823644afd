import { Inject, Injectable, Optional } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AuthChanges } from '../auth/sessions/auth-changes.js';
import { type EarlierSignIns, type EndedSessions, SessionStore } from '../auth/sessions/session.store.js';
import type { RefreshToken } from '../auth/tokens/refresh-tokens.js';
import { Config } from '../config/config.js';
import { sql, type Sql } from '../json-api/sql/sql.js';
import type { Transaction } from '../json-api/sql/executor.js';
import type { Sweep } from '../sweeps/sweeps.js';
import { live, newNonce, printable, raced, ROW, type Row } from './session-rows.repository.js';
import {
  type AuthenticationMethod,
  type LiveSession,
  type SessionClient,
  type SessionEnding,
  SessionObserver,
  type SessionOwner,
  type Verdict,
} from '../auth/sessions/session.js';

interface Ended {
  readonly id: string;
  readonly account_id: string;
  readonly alive: boolean;
}

/** Sessions that end in one statement, at most: some 100 ms of work. */
export const MAX_ENDED = 5_000;

/** Sessions that expired. */
export const EXPIRED_SESSIONS: Sweep = {
  table: 'account_sessions',
  key: 'id',
  expired: sql`expires_at <= now()`,
  by: 'expires_at',
};

/** Writes the life of sessions into the table `account_sessions`. */
@Injectable()
export class SessionsRepository extends SessionStore {
  readonly #idle: Sql;
  readonly #max: Sql;

  constructor(
    @Inject(Config) config: Pick<Config, 'sessionIdleSeconds' | 'sessionMaxSeconds'>,
    @Inject(AuthChanges) private readonly changes: Pick<AuthChanges, 'publish'>,
    @Optional() private readonly observer?: SessionObserver,
  ) {
    super();
    this.#idle = sql`make_interval(secs => ${config.sessionIdleSeconds})`;
    this.#max = sql`make_interval(secs => ${config.sessionMaxSeconds})`;
  }

  async start(
    tx: Transaction,
    accountId: string,
    client: SessionClient,
    amr: readonly AuthenticationMethod[],
  ): Promise<LiveSession | null> {
    const sessionId = uuidv7();
    const nonce = newNonce();
    const [row] = await tx.query<Row>(sql`
      INSERT INTO account_sessions AS session
        (id, account_id, refresh_seq, nonce, user_agent, ip, amr, authenticated_at,
         refreshed_at, created_at, updated_at, expires_at, version)
      SELECT ${sessionId}::uuid, account.id, 0, ${nonce}, ${printable(client.userAgent)}, ${client.ip},
             ${amr}::varchar[], now(), now(), now(), now(), now() + LEAST(${this.#idle}, ${this.#max}), 1
      FROM accounts account
      WHERE account.id = ${accountId} AND account.enabled
      FOR SHARE OF account
      RETURNING ${ROW}`);
    if (!row) return null;
    await this.observer?.started(tx, { accountId, sessionId });
    return live(sessionId, row);
  }

  async reauthenticate(
    tx: Transaction,
    { accountId, sessionId }: SessionOwner,
    amr: readonly AuthenticationMethod[],
  ): Promise<LiveSession | null> {
    const [row] = await tx.query<Row>(sql`
      WITH account AS (SELECT id, enabled FROM accounts WHERE id = ${accountId} FOR SHARE)
      UPDATE account_sessions session
      SET amr = ${amr}::varchar[], authenticated_at = clock_timestamp(), ${this.#advanced()}
      FROM account
      WHERE session.id = ${sessionId} AND ${this.#alive()}
      RETURNING ${ROW}`);
    if (!row) return null;
    // Other instances may have cached when it signed in before.
    await this.changes.publish(tx, [accountId]);
    return live(sessionId, row);
  }

  async rotate(database: Pick<Transaction, 'query'>, token: RefreshToken): Promise<LiveSession | null> {
    const [row] = await database.query<Row>(sql`
      UPDATE account_sessions session
      SET ${this.#advanced()}
      FROM accounts account
      WHERE session.id = ${token.sessionId} AND session.refresh_seq = ${token.seq} AND session.nonce = ${token.nonce}
        AND ${this.#alive()}
      RETURNING ${ROW}`);
    return row ? live(token.sessionId, row) : null;
  }

  async checkReuse(tx: Transaction, { sessionId, seq }: RefreshToken): Promise<Verdict> {
    const [row] = await tx.query<Row & { raced: boolean }>(sql`
      SELECT ${ROW}, ${raced(seq)} AS raced
      FROM account_sessions session, accounts account
      WHERE session.id = ${sessionId} AND ${this.#alive()}
      FOR UPDATE OF session`);
    if (!row) return { outcome: 'rejected' };
    if (row.raced) return { outcome: 'repeated', ...live(sessionId, row) };
    const owner = { accountId: row.account_id, sessionId };
    // The client is not known to be the account's owner.
    await this.end(tx, owner, { reason: 'refresh_reused', actorId: null });
    return { outcome: 'reused', ...owner };
  }

  async find(tx: Transaction, { sessionId, seq, nonce }: RefreshToken): Promise<SessionOwner | null> {
    const [row] = await tx.query<{ account_id: string }>(sql`
      SELECT session.account_id FROM account_sessions session, accounts account
      WHERE session.id = ${sessionId} AND ${this.#alive()}
        AND (session.refresh_seq = ${seq} AND session.nonce = ${nonce} OR ${raced(seq)})`);
    return row ? { accountId: row.account_id, sessionId } : null;
  }

  async earlierSignIns(
    tx: Pick<Transaction, 'query'>,
    { accountId, sessionId }: SessionOwner,
    { joinedMinutes, limit }: { readonly joinedMinutes: number; readonly limit: number },
  ): Promise<EarlierSignIns> {
    const rows = await tx.query<{ fresh: boolean; user_agent: string | null; ip: string | null }>(sql`
      SELECT account.joined_at > now() - make_interval(mins => ${joinedMinutes}) AS fresh, other.user_agent, other.ip
      FROM accounts account LEFT JOIN account_sessions other
        ON other.account_id = account.id AND other.id <> ${sessionId} AND other.expires_at > now()
      WHERE account.id = ${accountId} ORDER BY other.id DESC LIMIT ${limit}`);
    const clients = rows.flatMap(({ user_agent: userAgent, ip }) => (ip === null ? [] : [{ userAgent, ip }]));
    return { joinedRecently: rows.some(({ fresh }) => fresh), clients };
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
  ): Promise<boolean> {
    // The account first: two of these take one turn after the other, and no session starts meanwhile.
    const [live] = await tx.query(sql`
      SELECT session.id FROM accounts account JOIN account_sessions session ON session.account_id = account.id
      WHERE account.id = ${accountId} AND session.id = ${sessionId} AND session.expires_at > now()
      FOR NO KEY UPDATE OF account FOR UPDATE OF session`);
    if (!live) return false;
    await this.endAll(tx, accountId, ending);
    return true;
  }

  async endAll(
    tx: Transaction,
    accountId: string,
    ending: SessionEnding,
    exceptSessionId: string | null = null,
  ): Promise<number> {
    const which = sql`account_id = ${accountId} AND id IS DISTINCT FROM ${exceptSessionId}::uuid`;
    let alive = 0;
    for (let isLast = false; !isLast;) {
      const ended = await this.#endSome(tx, which, ending);
      alive += ended.alive;
      isLast = ended.isLast;
    }
    return alive;
  }

  async now(database: Pick<Transaction, 'query'>): Promise<Date> {
    const [clock] = await database.query<{ now: Date }>(sql`SELECT now() AS now`);
    if (!clock) throw new Error('The database returned no time.');
    return clock.now;
  }

  endSomeStartedBy(tx: Transaction, time: Date, ending: SessionEnding): Promise<EndedSessions> {
    return this.#endSome(tx, sql`created_at <= ${time}`, ending);
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

  /** The next step of the chain. */
  #advanced(): Sql {
    return sql`refresh_seq = session.refresh_seq + 1, nonce = ${newNonce()},
      refreshed_at = clock_timestamp(), updated_at = clock_timestamp(), version = session.version + 1,
      expires_at = LEAST(now() + ${this.#idle}, session.created_at + ${this.#max})`;
  }

  /** The absolute life is compared once more, so that a shorter setting counts for sessions that exist already. */
  #alive(): Sql {
    return sql`account.id = session.account_id AND account.enabled
      AND session.expires_at > now() AND session.created_at + ${this.#max} > now()`;
  }
}
