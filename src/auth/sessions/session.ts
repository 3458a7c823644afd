import type { Transaction } from '../../json-api/sql/executor.js';
import type { RefreshToken } from '../tokens/refresh-tokens.js';

/** Where a session was started from. */
export interface SessionClient {
  readonly userAgent: string | null;
  readonly ip: string;
}

/** A session and whose it is. */
export interface SessionOwner {
  readonly accountId: string;
  readonly sessionId: string;
}

/** A session and the refresh token that continues it. */
export interface LiveSession extends RefreshToken, SessionOwner {
  readonly expiresAt: Date;
}

/** What a refresh token is that is not the current one of its session. */
export type Verdict =
  /** Spent a moment ago by a tab that was faster: the current one again, nothing advanced. */
  | ({ readonly outcome: 'repeated' } & LiveSession)
  /** Spent long since, so it was stolen or its successor was. The session has been ended; a caller records it. */
  | ({ readonly outcome: 'reused' } & SessionOwner)
  /** The session ended or expired, or its account is disabled or gone. */
  | { readonly outcome: 'refused' };

/** Why a session ended before its time, and by whom. */
export interface SessionEnding {
  readonly reason:
    | 'signed_out'
    | 'session_deleted'
    | 'revoked'
    | 'refresh_reused'
    | 'password_changed'
    | 'password_reset'
    | 'account_disabled'
    | 'account_deleted';
  /** Account that ended it; null when nobody is known. */
  readonly actorId: string | null;
}

/**
 * Told of every session that starts or is ended before its time, inside the transaction in which it is: for events, say.
 * The application provides it, or does not.
 */
export abstract class SessionObserver {
  abstract started(tx: Transaction, session: SessionOwner): Promise<void>;
  abstract ended(tx: Transaction, session: SessionOwner, ending: SessionEnding): Promise<void>;
}
