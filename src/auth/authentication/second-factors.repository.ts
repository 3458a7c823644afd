import { Injectable } from '@nestjs/common';
import { apiError } from '../../json-api/document/errors.js';
import { join, or, type Sql, sql, type Transaction } from '../../json-api/sql/sql.js';
import type { Enrolment } from '../authorization/roles.js';
import type { AuthenticationMethod } from '../sessions/session.js';

/** Members of `POST /auth/mfa` and `POST /auth/reauthenticate` that carry a second factor, in the order of `meta.factors`. */
const MEMBERS = ['code', 'recovery_code', 'passkey'] as const;
export type SecondFactorMember = (typeof MEMBERS)[number];

/** Who proves a second factor, and from where. */
export interface SecondFactorAttempt {
  /** A proof of one purpose counts for no other. */
  readonly purpose: 'mfa' | 'reauthenticate';
  readonly accountId: string;
  /** The client's address. */
  readonly address: string;
}

/** A second factor that was proved. */
export interface ProvedFactor {
  /** What the session gains by it, besides `mfa`. */
  readonly amr: readonly AuthenticationMethod[];
  /**
   * Uses it up, in the transaction that starts or continues the session.
   * @throws ApiError 401 `invalid_credentials` when it was used meanwhile; then nothing of the transaction counts
   */
  readonly spend: (tx: Transaction) => Promise<void>;
}

/** A kind of second factor, which a module registers in `onModuleInit`. */
export interface SecondFactor {
  /** As `meta.factors` and `meta.methods` list it. */
  readonly name: string;
  /** The member of a body that carries it. */
  readonly member: SecondFactorMember;
  /**
   * When an account that has it must prove a second factor after its password: always, where its role or an organization
   * requires one, or not for the sake of this one, which only helps where another is missing.
   */
  readonly demanded: 'always' | 'where_required' | 'never';
  /** What an account needs to add one; null where none can be added, or where it does not count as second factor alone. */
  readonly enrolment: Enrolment | null;
  /** Whether it proves by itself who the actor is, without the password, for `POST /auth/reauthenticate`. */
  readonly provesAlone: boolean;
  /** The condition, in SQL, that an account has one that it can use. @param account the account's id */
  readonly isHeldBy: (account: Sql) => Sql;
  /**
   * Checks what was sent, which is counted before.
   * @throws ApiError 401 `invalid_credentials`, 422, 429
   */
  readonly verify: (attempt: SecondFactorAttempt, sent: unknown) => Promise<ProvedFactor>;
  /** Removes all of an account. */
  readonly removeAll: (accountId: string, tx: Transaction) => Promise<void>;
}

/** A second factor that was sent. */
export interface SentFactor {
  readonly factor: SecondFactor;
  /** The value of its member. */
  readonly sent: unknown;
}

/** The second factors of the service. */
@Injectable()
export class SecondFactors {
  private readonly factors: SecondFactor[] = [];
  private readonly requirements: ((account: Sql) => Sql)[] = [];
  private readonly listeners: (() => void)[] = [];

  /** @throws Error when there are two of one name */
  register(factor: SecondFactor): void {
    if (this.factors.some(({ name }) => name === factor.name)) {
      throw new Error(`There are two second factors called ${factor.name}`);
    }
    this.factors.push(factor);
    this.factors.sort((left, right) => MEMBERS.indexOf(left.member) - MEMBERS.indexOf(right.member));
    this.changed();
  }

  /** What an account needs to add a second factor, of each kind that can be added. */
  enrolments(): Enrolment[] {
    return this.factors.flatMap(({ enrolment }) => enrolment ?? []);
  }

  /** Adds a condition, in SQL, that an account must have a second factor. It is given the account's id. */
  requireWhere(requirement: (account: Sql) => Sql): void {
    this.requirements.push(requirement);
    this.changed();
  }

  /** Calls the listener when a factor or a condition is registered: what was put together before leaves it out. */
  onRegister(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** The condition, in SQL, that an account must have a second factor. @param account the account's id */
  isRequiredOf(account: Sql): Sql {
    return or(this.requirements.map((requirement) => requirement(account)));
  }

  /**
   * The one that a body carries; null where it carries none.
   * @throws ApiError 400 when there is more than one
   */
  sentIn(body: Readonly<Partial<Record<SecondFactorMember, unknown>>>): SentFactor | null {
    const [first, second] = this.factors.filter(({ member }) => body[member] !== undefined);
    if (second) throw apiError('malformed_body', 'Send one second factor', { pointer: `/${second.member}` });
    return first ? { factor: first, sent: body[first.member] } : null;
  }

  /** Those that an account can use now, by one statement. */
  async ofAccount(accountId: string, database: Pick<Transaction, 'query'>): Promise<SecondFactor[]> {
    if (this.factors.length === 0) return [];
    const held = this.factors.map(({ isHeldBy }) => isHeldBy(sql`${accountId}::uuid`));
    const [row] = await database.query<{ held: boolean[] }>(sql`SELECT ARRAY[${join(held, ', ')}] AS held`);
    return this.factors.filter((_factor, place) => row?.held[place]);
  }

  /** Whether the password of an account alone does not prove who it is. */
  async isDemanded(accountId: string, database: Pick<Transaction, 'query'>): Promise<boolean> {
    const condition = this.isDemandedOf(sql`${accountId}::uuid`);
    const [row] = await database.query<{ demanded: boolean }>(sql`SELECT ${condition} AS demanded`);
    return row?.demanded ?? false;
  }

  /** Whether an account has a second factor; recovery codes are none. */
  async isHeld(accountId: string, database: Pick<Transaction, 'query'>): Promise<boolean> {
    const [row] = await database.query<{ held: boolean }>(
      sql`SELECT ${this.areHeldBy(sql`${accountId}::uuid`)} AS held`,
    );
    return row?.held ?? false;
  }

  /** Whether an account must have a second factor, and has none. */
  async isMissing(accountId: string, database: Pick<Transaction, 'query'>): Promise<boolean> {
    const condition = this.isMissingFor(sql`${accountId}::uuid`);
    const [row] = await database.query<{ missing: boolean }>(sql`SELECT ${condition} AS missing`);
    return row?.missing ?? false;
  }

  /** Removes all second factors of an account. */
  async removeAll(accountId: string, tx: Transaction): Promise<void> {
    for (const factor of this.factors) await factor.removeAll(accountId, tx);
  }

  /** The condition, in SQL, that an account has a second factor. @param account the account's id */
  areHeldBy(account: Sql): Sql {
    return or(this.factors.flatMap(({ demanded, isHeldBy }) => (demanded === 'never' ? [] : [isHeldBy(account)])));
  }

  /** The condition, in SQL, that an account must have a second factor and has none. @param account the account's id */
  isMissingFor(account: Sql): Sql {
    return sql`(${this.isRequiredOf(account)} AND NOT ${this.areHeldBy(account)})`;
  }

  /** The condition, in SQL, that the password of an account alone does not prove who it is. @param account the account's id */
  isDemandedOf(account: Sql): Sql {
    const held = (kind: SecondFactor['demanded']): Sql =>
      or(this.factors.flatMap(({ demanded, isHeldBy }) => (demanded === kind ? [isHeldBy(account)] : [])));
    return sql`(${held('always')} OR ${held('where_required')} AND ${this.isRequiredOf(account)})`;
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}
