import { randomBytes } from 'node:crypto';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { addressBlockOf } from '../auth/authentication/client-address.js';
import { AuthChanges } from '../auth/sessions/auth-changes.js';
import { SessionRestrictions } from '../auth/sessions/session-restrictions.js';
import type { RefreshToken } from '../auth/tokens/secrets.js';
import { Config } from '../config/config.js';
import { join, type Sql, sql, type Transaction } from '../json-api/sql/sql.js';
import {
  type AuthenticationMethod,
  type LiveSession,
  type SessionAccount,
  type SessionClient,
  SessionObserver,
  type SessionOwner,
  type Verdict,
} from '../auth/sessions/session.js';
import { SessionEndsRepository } from './session-ends.repository.js';
import type { PersonalTable } from '../personal-data/personal-data.js';

/** Sessions of an account, without what refresh tokens are made of. */
export const PERSONAL_SESSIONS: PersonalTable = {
  table: 'account_sessions',
  key: 'id',
  accounts: { account_id: ['nonce', 'refresh_seq'] },
};

/** What statements about a session return. */
interface Row {
  account_id: string;
  refresh_seq: number;
  nonce: string;
  expires_at: Date;
  amr: AuthenticationMethod[];
  authenticated_at: Date;
}

/** In characters: what the column holds. */
const MAX_USER_AGENT = 500;
/** In seconds. Long enough for tabs that race on a slow line, too short for a thief who arrives later. */
const RACE_SECONDS = 10;

/** The sign-in that follows the acceptance of an invitation is on no new device; in minutes. */
const FRESH_MINUTES = 60;
/** A device is compared with that of so many of the newest sessions. */
const MAX_COMPARED = 50;

/** The columns of {@link Row}. */
const ROW = sql`session.account_id, session.refresh_seq, session.nonce, session.expires_at, session.amr,
  session.authenticated_at`;

/** Starts and continues sessions in the table `account_sessions`. */
@Injectable()
export class SessionsRepository extends SessionEndsRepository {
  readonly accountColumns = { id: sql`account.id`, emailKey: sql`account.email_key` };
  readonly #idle: Sql;
  readonly #max: Sql;

  constructor(
    @Inject(Config) config: Pick<Config, 'sessionIdleSeconds' | 'sessionMaxSeconds'>,
    @Inject(AuthChanges) changes: Pick<AuthChanges, 'publish'>,
    @Optional() observer?: SessionObserver,
    @Inject(SessionRestrictions) @Optional() restrictions: SessionRestrictions = new SessionRestrictions(),
  ) {
    super(changes, observer, restrictions);
    this.#idle = sql`make_interval(secs => ${config.sessionIdleSeconds})`;
    this.#max = sql`make_interval(secs => ${config.sessionMaxSeconds})`;
  }

  async lockAccount(tx: Transaction, accountId: string): Promise<SessionAccount | null> {
    const [account] = await tx.query<SessionAccount>(sql`
      SELECT id, email_key AS "emailKey", role_name AS "roleName", sso_channel AS "ssoChannel" FROM accounts
      WHERE id = ${accountId} AND enabled AND kind = 'person' FOR SHARE`);
    return account ?? null;
  }

  async accountMeets(tx: Transaction, accountId: string, conditions: readonly Sql[]): Promise<readonly boolean[]> {
    if (conditions.length === 0) return [];
    const [row] = await tx.query<{ met: boolean[] }>(sql`
      SELECT ARRAY[${join(conditions, ', ')}] AS met FROM accounts account WHERE account.id = ${accountId}`);
    return row?.met ?? [];
  }

  async start(
    tx: Transaction,
    accountId: string,
    client: SessionClient,
    amr: readonly AuthenticationMethod[],
  ): Promise<LiveSession | null> {
    const sessionId = uuidv7();
    const nonce = newNonce();
    // The methods as text: a statement with a list is not prepared.
    const [row] = await tx.query<Row>(sql`
      INSERT INTO account_sessions AS session
        (id, account_id, refresh_seq, nonce, user_agent, ip, amr, authenticated_at,
         refreshed_at, created_at, updated_at, expires_at, version)
      SELECT ${sessionId}::uuid, account.id, 0, ${nonce}, ${printable(client.userAgent)}, ${client.ip},
             string_to_array(${amr.join(' ')}, ' ')::varchar[], now(), now(), now(), now(), now() + LEAST(${this.#idle}, ${this.#max}), 1
      FROM accounts account
      WHERE account.id = ${accountId} AND account.enabled AND account.kind = 'person'
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

  async addMethods(tx: Transaction, { sessionId }: SessionOwner, amr: readonly AuthenticationMethod[]): Promise<void> {
    await tx.query(sql`
      UPDATE account_sessions session
      SET amr = ARRAY(SELECT DISTINCT unnest(session.amr || ${amr}::varchar[])), version = session.version + 1
      WHERE id = ${sessionId}`);
  }

  async rotate(database: Pick<Transaction, 'query'>, token: RefreshToken): Promise<LiveSession | null> {
    const [row] = await database.query<Row>(sql`
      UPDATE account_sessions session
      SET ${this.#advanced()}
      FROM accounts account
      WHERE session.id = ${token.sessionId} AND session.refresh_seq = ${token.seq} AND session.nonce = ${token.nonce}
        AND ${this.#alive()} AND NOT ${this.stops()}
      RETURNING ${ROW}`);
    return row ? live(token.sessionId, row) : null;
  }

  async checkReuse(tx: Transaction, { sessionId, seq }: RefreshToken): Promise<Verdict> {
    const [row] = await tx.query<Row & { raced: boolean; stopped: boolean; email_key: string }>(sql`
      SELECT ${ROW}, ${raced(seq)} AS raced, ${this.stops()} AS stopped, account.email_key
      FROM account_sessions session, accounts account
      WHERE session.id = ${sessionId} AND ${this.#alive()}
      FOR UPDATE OF session`);
    if (!row) return { outcome: 'rejected' };
    if (row.stopped) return { outcome: 'stopped', emailKey: row.email_key };
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

  async isAlive(tx: Pick<Transaction, 'query'>, { accountId, sessionId }: SessionOwner): Promise<boolean> {
    const rows = await tx.query(sql`
      SELECT session.id FROM account_sessions session, accounts account
      WHERE session.id = ${sessionId} AND session.account_id = ${accountId} AND ${this.#alive()}`);
    return rows.length > 0;
  }

  async isNewDevice(
    tx: Pick<Transaction, 'query'>,
    accountId: string,
    { userAgent, ip }: SessionClient,
  ): Promise<boolean> {
    const rows = await tx.query<{ fresh: boolean; user_agent: string | null; ip: string | null }>(sql`
      SELECT account.joined_at > now() - make_interval(mins => ${FRESH_MINUTES}) AS fresh, other.user_agent, other.ip
      FROM accounts account LEFT JOIN account_sessions other
        ON other.account_id = account.id AND other.expires_at > now()
      WHERE account.id = ${accountId} ORDER BY other.id DESC LIMIT ${MAX_COMPARED}`);
    const block = addressBlockOf(ip);
    const isSame = (row: (typeof rows)[number]): boolean =>
      row.user_agent === userAgent && row.ip !== null && addressBlockOf(row.ip) === block;
    return !rows.some((row) => row.fresh || isSame(row));
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

/**
 * Whether a token was spent a moment ago. Tokens carry a MAC and the chain never forks, so there is one token for each
 * step: the sequence alone identifies the immediate predecessor.
 */
function raced(seq: number): Sql {
  return sql`session.refresh_seq = ${seq}::bigint + 1
    AND session.refreshed_at >= clock_timestamp() - make_interval(secs => ${RACE_SECONDS})`;
}

/** 128 random bits. */
function newNonce(): string {
  return randomBytes(16).toString('base64url');
}

/** PostgreSQL takes no NUL in text, and a header may be as long as the server lets it. */
function printable(userAgent: string | null): string | null {
  if (userAgent === null) return null;
  return Array.from(userAgent.replaceAll('\0', '')).slice(0, MAX_USER_AGENT).join('');
}

function live(sessionId: string, row: Row): LiveSession {
  const { account_id: accountId, refresh_seq: seq, nonce, expires_at: expiresAt, amr } = row;
  return { sessionId, accountId, seq, nonce, expiresAt, amr, authenticatedAt: row.authenticated_at };
}
