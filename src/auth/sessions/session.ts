import type { Transaction } from '../../json-api/sql/sql.js';
import type { RefreshToken } from '../tokens/secrets.js';

/**
 * How an account proved who it is: authentication method references of RFC 8176, and two of this service: `fed` is an
 * identity provider, `rcv` a recovery code.
 */
export type AuthenticationMethod = 'pwd' | 'otp' | 'hwk' | 'swk' | 'mfa' | 'fed' | 'rcv';

/** Where a session was started from. */
export interface SessionClient {
  readonly userAgent: string | null;
  readonly ip: string;
}

/** The account of a session that is about to start. */
export interface SessionAccount {
  readonly id: string;
  /** See `emailKey`. */
  readonly emailKey: string;
  readonly roleName: string;
  /** Slug of the identity provider that it signed in with last; null where it never did. */
  readonly ssoChannel: string | null;
}

/** A session and whose it is. */
export interface SessionOwner {
  readonly accountId: string;
  readonly sessionId: string;
}

/** A session and the refresh token that continues it. */
export interface LiveSession extends RefreshToken, SessionOwner {
  readonly expiresAt: Date;
  /** How the account signed in, or proved who it is since. */
  readonly amr: readonly AuthenticationMethod[];
  /** When it did; a refresh does not change it. */
  readonly authenticatedAt: Date;
}

/** The state of a refresh token that is not the current one of its session. */
export type Verdict =
  /** Used a moment ago by a concurrent request: gives the current token again. */
  | ({ readonly outcome: 'repeated' } & LiveSession)
  /** Used before, so it or its successor was stolen. The session has been ended; the service records it. */
  | ({ readonly outcome: 'reused' } & SessionOwner)
  /** The session is alive, and a restriction does not let it go on. */
  | { readonly outcome: 'stopped'; readonly emailKey: string }
  /** The session ended or expired, or its account is disabled or gone. */
  | { readonly outcome: 'rejected' };

/** Why a session ended before it expired, and by which account. */
export interface SessionEnding {
  readonly reason:
    | 'signed_out'
    | 'session_deleted'
    | 'revoked'
    | 'refresh_reused'
    | 'password_changed'
    | 'password_reset'
    | 'email_reverted'
    | 'factors_changed'
    | 'factors_removed'
    | 'provider_enforced'
    | 'provider_signed_out'
    | 'account_disabled'
    | 'account_deleted';
  /** Account that ended it; null when unknown. */
  readonly actorId: string | null;
}

/**
 * Called for every session that starts or is ended before it expires, inside the transaction, for example to publish events.
 * The application provides it, or does not.
 */
export abstract class SessionObserver {
  abstract started(tx: Transaction, session: SessionOwner): Promise<void>;
  abstract ended(tx: Transaction, session: SessionOwner, ending: SessionEnding): Promise<void>;
}
