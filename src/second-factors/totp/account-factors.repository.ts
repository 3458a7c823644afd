import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Actor } from '../../auth/authorization/actor.js';
import { ResourceRepository } from '../../json-api/resource.repository.js';
import { raw, type Sql, sql, type Transaction, TRUE } from '../../json-api/sql/sql.js';
import type { PersonalTable } from '../../personal-data/personal-data.js';
import type { Sweep } from '../../sweeps/sweeps.js';
import type { AccountFactor } from '../account-factor.entity.js';
import { AccountFactorResource } from '../account-factor.resource.js';

/** Second factors of an account, without their keys. */
export const PERSONAL_FACTORS: PersonalTable = {
  table: 'account_factors',
  key: 'id',
  accounts: { account_id: ['secret', 'last_step'] },
};

/** The purpose that `SecretBox` seals keys with. */
export const FACTOR_SECRET = 'account_factor.secret';

/** The column with the keys, for `secrets reseal`. */
export const SEALED_FACTOR_SECRETS = { table: 'account_factors', column: 'secret', purpose: `'${FACTOR_SECRET}'` };

/** Factors that were never confirmed, after a day. */
export const ABANDONED_FACTORS: Sweep = {
  table: 'account_factors',
  key: 'id',
  expired: sql`confirmed_at IS NULL AND created_at < now() - ${raw(`interval '1 day'`)}`,
  by: 'created_at',
  everySeconds: 3_600,
};

/** A confirmed factor, with its sealed key. */
export interface ConfirmedFactor {
  readonly id: string;
  readonly secret: string;
  /** Step of the last code that was accepted; null where there was none. */
  readonly lastStep: number | null;
}

/** A factor that is confirmed when it is added. */
export interface NewFactor {
  readonly accountId: string;
  readonly name: string;
  /** The key, sealed. */
  readonly secret: string;
  readonly step: number;
}

/** How many factors an account has. */
export interface FactorCounts {
  readonly confirmed: number;
  readonly all: number;
}

/** The condition that an account has a confirmed factor. @param account the account's id */
export const hasApp = (account: Sql): Sql => sql`EXISTS (
  SELECT FROM account_factors factor WHERE factor.account_id = ${account} AND factor.confirmed_at IS NOT NULL)`;

/** The factors in an actor's scope. */
@Injectable()
export class AccountFactorsRepository extends ResourceRepository<AccountFactor, Actor> {
  readonly resource = AccountFactorResource;

  protected readonly scopeConditions = {
    '*': () => TRUE,
    own: (actor: Actor) => sql`row.account_id = ${actor.id}::uuid`,
  };

  /** The confirmed factors of an account. */
  confirmedOf(accountId: string, database: Pick<Transaction, 'query'>): Promise<ConfirmedFactor[]> {
    return database.query<ConfirmedFactor>(sql`
      SELECT id, secret, last_step::float8 AS "lastStep" FROM account_factors
      WHERE account_id = ${accountId} AND confirmed_at IS NOT NULL ORDER BY id`);
  }

  async counts(accountId: string, tx: Transaction): Promise<FactorCounts> {
    const [row] = await tx.query<FactorCounts>(sql`
      SELECT count(confirmed_at)::int AS confirmed, count(*)::int AS all FROM account_factors
      WHERE account_id = ${accountId}`);
    return row ?? { confirmed: 0, all: 0 };
  }

  /** Removes the factors of an account that were not confirmed. */
  async removeUnconfirmed(accountId: string, tx: Transaction): Promise<void> {
    await tx.query(sql`DELETE FROM account_factors WHERE account_id = ${accountId} AND confirmed_at IS NULL`);
  }

  /** Adds a factor that was confirmed by a code of this step, and gives its id. */
  async addConfirmed({ accountId, name, secret, step }: NewFactor, tx: Transaction): Promise<string> {
    const id = uuidv7();
    await tx.query(sql`
      INSERT INTO account_factors (id, account_id, name, secret, confirmed_at, last_step)
      VALUES (${id}, ${accountId}, ${name}, ${secret}, now(), ${step})`);
    return id;
  }

  /** Marks a factor as confirmed by a code of this step. False when it already was. */
  async confirm(id: string, step: number, tx: Transaction): Promise<boolean> {
    const rows = await tx.query(sql`
      UPDATE account_factors
      SET confirmed_at = now(), last_step = ${step}, updated_at = now(), version = version + 1
      WHERE id = ${id} AND confirmed_at IS NULL RETURNING id`);
    return rows.length > 0;
  }

  /** Accepts a code of this step. False when it, or one of a later step, was accepted before: of concurrent requests, one succeeds. */
  async accept(id: string, step: number, tx: Transaction): Promise<boolean> {
    const rows = await tx.query(sql`
      UPDATE account_factors SET last_step = ${step}, last_used_at = now()
      WHERE id = ${id} AND confirmed_at IS NOT NULL AND (last_step IS NULL OR last_step < ${step}) RETURNING id`);
    return rows.length > 0;
  }

  /** Removes the factors of an account, or those that were added since then. */
  async removeAll(accountId: string, since: Date | null, tx: Transaction): Promise<void> {
    await tx.query(sql`
      DELETE FROM account_factors
      WHERE account_id = ${accountId} AND (${since}::timestamptz IS NULL OR created_at >= ${since}::timestamptz)`);
  }
}
