import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../json-api/sql/executor.js';
import { FALSE, join, or, sql, type Sql } from '../../json-api/sql/sql.js';
import type { AuthenticationMethod } from '../sessions/session.js';

/** Members of `POST /auth/mfa` and `POST /auth/reauthenticate` that carry a second factor. */
export type SecondFactorMember = 'code' | 'recovery_code' | 'passkey';

/** Who proves a second factor, and from where. */
export interface SecondFactorAttempt {
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
  /** The condition, in SQL, that an account has one that it can use. @param account the account's id */
  readonly isHeldBy: (account: Sql) => Sql;
  /**
   * Checks what was sent, which is counted before.
   * @throws ApiError 401 `invalid_credentials`, 422, 429
   */
  readonly verify: (attempt: SecondFactorAttempt, sent: unknown) => Promise<ProvedFactor>;
}

/** The second factors of an account. */
export interface HeldFactors {
  /** Those that it can use now. */
  readonly factors: readonly SecondFactor[];
  /** Whether its password alone does not prove who it is. */
  readonly isDemanded: boolean;
}

/** The second factors of the service, in the order in which they were registered. */
@Injectable()
export class SecondFactors {
  private readonly factors: SecondFactor[] = [];
  private requirement: (account: Sql) => Sql = () => FALSE;

  /** @throws Error when there are two of one name */
  register(factor: SecondFactor): void {
    if (this.factors.some(({ name }) => name === factor.name)) {
      throw new Error(`There are two second factors called ${factor.name}`);
    }
    this.factors.push(factor);
  }

  /** Sets the condition, in SQL, that an account must have a second factor. It is given the account's id. */
  requireWhere(requirement: (account: Sql) => Sql): void {
    this.requirement = requirement;
  }

  /** The one that a member of a body carries; undefined where no module provides it. */
  ofMember(member: SecondFactorMember): SecondFactor | undefined {
    return this.factors.find((factor) => factor.member === member);
  }

  /** Those that an account has, by one statement. */
  async ofAccount(accountId: string, database: Pick<Transaction, 'query'>): Promise<HeldFactors> {
    if (this.factors.length === 0) return { factors: [], isDemanded: false };
    const account = sql`${accountId}::uuid`;
    const conditions = [this.requirement(account), ...this.factors.map(({ isHeldBy }) => isHeldBy(account))];
    const [row] = await database.query<{ facts: boolean[] }>(sql`SELECT ARRAY[${join(conditions, ', ')}] AS facts`);
    const [isRequired = false, ...held] = row?.facts ?? [];
    const factors = this.factors.filter((_factor, place) => held[place]);
    const isDemanded = factors.some(
      ({ demanded }) => demanded === 'always' || (demanded === 'where_required' && isRequired),
    );
    return { factors, isDemanded };
  }

  /** The condition, in SQL, that an account must have a second factor and has none. @param account the account's id */
  isMissingFor(account: Sql): Sql {
    const factors = this.factors.filter(({ demanded }) => demanded !== 'never');
    const isHeld = or(factors.map(({ isHeldBy }) => isHeldBy(account)));
    return sql`(${this.requirement(account)} AND NOT ${isHeld})`;
  }
}
