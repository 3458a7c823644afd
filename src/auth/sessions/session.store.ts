import type { Sql, Transaction } from '../../json-api/sql/sql.js';
import type { RefreshToken } from '../tokens/secrets.js';
import type {
  AuthenticationMethod,
  LiveSession,
  SessionAccount,
  SessionClient,
  SessionEnding,
  SessionOwner,
  Verdict,
} from './session.js';

/** What one of many statements that end sessions of all accounts did. */
export interface EndedSessions {
  /** Sessions that had not expired. */
  readonly alive: number;
  /** Accounts whose sessions they were. */
  readonly accounts: number;
  /** No session is left. */
  readonly isLast: boolean;
}

/** Columns of an account, for conditions in SQL. */
export interface AccountColumns {
  readonly id: Sql;
  readonly emailKey: Sql;
}

/**
 * The life of sessions, which the owner of the table `account_sessions` implements. Each change is one statement, and
 * all times are the database's. Transactions are expected to be READ COMMITTED, PostgreSQL's default. The end of a session is
 * published to every instance; starts and ends before expiry are reported to the `SessionObserver`.
 */
export abstract class SessionStore {
  /**
   * Locks the enabled account of a person for a session that is about to start; null when there is none. Until the commit
   * nothing changes what is decided about it: a concurrent change either commits first and is seen, or waits.
   */
  abstract lockAccount(tx: Transaction, accountId: string): Promise<SessionAccount | null>;

  /** What the conditions of {@link accountMeets} are made of. */
  abstract readonly accountColumns: AccountColumns;

  /** Which of the conditions, in SQL, an account meets, in their order; none of them where there is no such account. */
  abstract accountMeets(tx: Transaction, accountId: string, conditions: readonly Sql[]): Promise<readonly boolean[]>;

  /**
   * Starts a session, or gives null when the account is gone, disabled, or that of a service. The account is locked
   * against that until the commit: a concurrent disable either commits first and is seen here, or waits and then ends the session.
   */
  abstract start(
    tx: Transaction,
    accountId: string,
    client: SessionClient,
    amr: readonly AuthenticationMethod[],
  ): Promise<LiveSession | null>;

  /**
   * Records that the account of a live session has proved who it is again, and advances the chain: as after a sign-in,
   * the refresh token is a new one. Null when the session is over. The account is locked first, as by `start`.
   */
  abstract reauthenticate(
    tx: Transaction,
    owner: SessionOwner,
    amr: readonly AuthenticationMethod[],
  ): Promise<LiveSession | null>;

  /** Adds to how the account of a session proved who it is. When it signed in stays, and so does the refresh token. */
  abstract addMethods(tx: Transaction, owner: SessionOwner, amr: readonly AuthenticationMethod[]): Promise<void>;

  /**
   * Spends a refresh token, in one statement that needs no other beside it. Of any number of requests that show the same
   * one, a single one advances the chain; null for the others, which `checkReuse` checks.
   */
  abstract rotate(database: Pick<Transaction, 'query'>, token: RefreshToken): Promise<LiveSession | null>;

  /**
   * What a token is that is not the current one. The row stays locked between the check and the end. The verdict is
   * returned, never thrown: an ended session has to be committed although its request is rejected.
   */
  abstract checkReuse(tx: Transaction, token: Pick<RefreshToken, 'sessionId' | 'seq'>): Promise<Verdict>;

  /** Whose session a refresh token continues, without spending it; null when it is spent, or its session over. */
  abstract find(tx: Transaction, token: RefreshToken): Promise<SessionOwner | null>;

  /** Whether a session of an enabled account is alive. */
  abstract isAlive(tx: Pick<Transaction, 'query'>, owner: SessionOwner): Promise<boolean>;

  /**
   * Whether none of the newest sessions of an account comes from the same program and address (IPv6: from the same /64).
   * False also shortly after the account joined, when it has no other device yet.
   */
  abstract isNewDevice(tx: Pick<Transaction, 'query'>, accountId: string, client: SessionClient): Promise<boolean>;

  /** Ends a session of an account. False when there was none that was alive. */
  abstract end(tx: Transaction, owner: SessionOwner, ending: SessionEnding): Promise<boolean>;

  /**
   * Ends all sessions of an account but the one to be spared, on the word of one of them. False when that one is over: then nothing ends, so that
   * a token of an ended session cannot sign the owner out.
   */
  abstract endEverywhere(
    tx: Transaction,
    owner: SessionOwner,
    ending: SessionEnding,
    exceptSessionId?: string | null,
  ): Promise<boolean>;

  /**
   * Ends all sessions of an account but the one to be spared, and gives how many were alive. The account's row is expected
   * to be locked. An account may have a hundred thousand: they end in one transaction, and in as many statements as none
   * of them comes near the limit of time.
   */
  abstract endAll(
    tx: Transaction,
    accountId: string,
    ending: SessionEnding,
    exceptSessionId?: string | null,
  ): Promise<number>;

  /**
   * Ends the sessions of an account that meet a condition, and gives how many were alive. Otherwise as {@link endAll}.
   * @param which the condition on a session; it is given its id, in SQL
   */
  abstract endThose(
    tx: Transaction,
    accountId: string,
    which: (sessionId: Sql) => Sql,
    ending: SessionEnding,
  ): Promise<number>;

  /** The ids of the accounts of sessions that meet a condition, in their order. @param which as for {@link endThose} */
  abstract ownersOf(tx: Transaction, which: (sessionId: Sql) => Sql): Promise<string[]>;

  /** The database's clock, to end what had started by then. */
  abstract now(database: Pick<Transaction, 'query'>): Promise<Date>;

  /**
   * Ends some of the sessions of all accounts that had started by then; to be repeated until none is left, each time in a
   * transaction of its own.
   */
  abstract endSomeStartedBy(tx: Transaction, time: Date, ending: SessionEnding): Promise<EndedSessions>;

  /**
   * Ends some of the sessions that a restriction does not let go on; to be repeated until none is left.
   * @param whose the condition on their accounts; it is given the alias of the account's row
   */
  abstract endSomeStopped(tx: Transaction, whose: (account: Sql) => Sql, ending: SessionEnding): Promise<EndedSessions>;

  /** A live session was ended by other means: its row is gone. */
  abstract ended(tx: Transaction, owner: SessionOwner, ending: SessionEnding): Promise<void>;
}
