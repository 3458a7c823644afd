import { Injectable } from '@nestjs/common';
import type { ApiError } from '../../json-api/document/errors.js';
import { or, type Sql } from '../../json-api/sql/sql.js';

/** A session in a statement. */
export interface RestrictedSession {
  /** The id of the session. */
  readonly id: Sql;
  /** The alias of the row of `accounts` that it belongs to. */
  readonly account: Sql;
}

/** What keeps addresses from signing in, although what they prove is right. */
export interface SessionRestriction {
  /**
   * The error for an e-mail, known or not; null where it may sign in.
   * @param emailKey see `emailKey`
   */
  readonly ofEmail: (emailKey: string) => Promise<ApiError | null>;
  /** The condition, in SQL, that `ofEmail` may give an error for an e-mail: a sign-in asks it only then. */
  readonly concerns: (emailKey: Sql) => Sql;
  /** The condition, in SQL, that a session does not go on. */
  readonly stops: (session: RestrictedSession) => Sql;
}

/**
 * What keeps addresses from signing in, and their sessions from going on. A module registers its own in `onModuleInit`.
 * Conditions are part of the statements about sessions: they need none of their own.
 */
@Injectable()
export class SessionRestrictions {
  private readonly restrictions: SessionRestriction[] = [];
  private readonly listeners: (() => void)[] = [];

  register(restriction: SessionRestriction): void {
    this.restrictions.push(restriction);
    for (const changed of this.listeners) changed();
  }

  /** Calls the listener when one is registered: a condition that was put together before leaves it out. */
  onRegister(listener: () => void): void {
    this.listeners.push(listener);
  }

  /**
   * Checks an e-mail, which may be that of no account, before anything that only its owner can know.
   * @throws ApiError that of the first restriction
   */
  async checkEmail(emailKey: string): Promise<void> {
    for (const { ofEmail } of this.restrictions) {
      const error = await ofEmail(emailKey);
      if (error) throw error;
    }
  }

  /** The condition, in SQL, that {@link checkEmail} may give an error for an e-mail. */
  concerns(emailKey: Sql): Sql {
    return or(this.restrictions.map(({ concerns }) => concerns(emailKey)));
  }

  /** The condition, in SQL, that a session does not go on. */
  stops(session: RestrictedSession): Sql {
    return or(this.restrictions.map(({ stops }) => stops(session)));
  }
}
