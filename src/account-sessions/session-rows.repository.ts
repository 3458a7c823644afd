import { randomBytes } from 'node:crypto';
import type { AuthenticationMethod, LiveSession } from '../auth/sessions/session.js';
import { sql, type Sql } from '../json-api/sql/sql.js';

/** What statements about a session return. */
export interface Row {
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

/** The columns of {@link Row}. */
export const ROW = sql`session.account_id, session.refresh_seq, session.nonce, session.expires_at, session.amr,
  session.authenticated_at`;

/**
 * Whether a token was spent a moment ago. Tokens carry a MAC and the chain never forks, so there is one token for each
 * step: the sequence alone identifies the immediate predecessor.
 */
export function raced(seq: number): Sql {
  return sql`session.refresh_seq = ${seq}::bigint + 1
    AND session.refreshed_at >= clock_timestamp() - make_interval(secs => ${RACE_SECONDS})`;
}

/** 128 random bits. */
export function newNonce(): string {
  return randomBytes(16).toString('base64url');
}

/** PostgreSQL takes no NUL in text, and a header may be as long as the server lets it. */
export function printable(userAgent: string | null): string | null {
  if (userAgent === null) return null;
  return Array.from(userAgent.replaceAll('\0', '')).slice(0, MAX_USER_AGENT).join('');
}

/** A session and its refresh token. */
export function live(sessionId: string, row: Row): LiveSession {
  const { account_id: accountId, refresh_seq: seq, nonce, expires_at: expiresAt, amr } = row;
  return { sessionId, accountId, seq, nonce, expiresAt, amr, authenticatedAt: row.authenticated_at };
}
