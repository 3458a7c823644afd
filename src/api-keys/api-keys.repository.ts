import { Injectable } from '@nestjs/common';
import type { Actor } from '../auth/authorization/actor.js';
import { ResourceRepository } from '../json-api/resource.repository.js';
import { type Operands, plainValues } from '../json-api/sql/operators.js';
import { Parameter, raw, type Sql, sql, type Transaction, TRUE } from '../json-api/sql/sql.js';
import type { PersonalTable } from '../personal-data/personal-data.js';
import type { Sweep } from '../sweeps/sweeps.js';
import type { ApiKey } from './api-key.entity.js';
import { ApiKeyResource } from './api-key.resource.js';

/** Keys that an account owns, and those that it made for services. */
export const PERSONAL_KEYS: PersonalTable = {
  table: 'api_keys',
  key: 'id',
  accounts: { account_id: [], created_by: ['role_scope'] },
};

/** A key as an operator lists it. */
export interface ListedKey {
  readonly id: string;
  readonly label: string;
  readonly name: string;
  readonly status: string;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly permissions: readonly string[];
}

/** How long keys are listed after they have expired. */
const KEPT = raw(`interval '30 days'`);

/** Deletes keys some time after they have expired. */
export const EXPIRED_API_KEYS: Sweep = {
  table: 'api_keys',
  key: 'id',
  expired: sql`expires_at < now() - ${KEPT}`,
  by: 'expires_at',
  everySeconds: 3_600,
};

/** The status of a key, as text. */
const STATUS = sql`CASE WHEN row.revoked_at IS NOT NULL THEN 'revoked' WHEN row.expires_at <= now() THEN 'expired' ELSE 'active' END`;

/** The API keys in an actor's scope. */
@Injectable()
export class ApiKeysRepository extends ResourceRepository<ApiKey, Actor> {
  readonly resource = ApiKeyResource;

  protected readonly scopeConditions = {
    '*': () => TRUE,
    own: (actor: Actor) => sql`row.account_id = ${actor.id}::uuid`,
    /** Keys of service accounts whose every organization is the actor's. */
    org: (actor: Actor) => sql`row.account_id IN (
      SELECT membership.account_id FROM memberships membership
      JOIN accounts account ON account.id = membership.account_id AND account.kind = 'service'
      WHERE membership.organization_id = ANY(${actor.organizationIds}::uuid[])
        AND NOT EXISTS (
          SELECT FROM memberships other
          WHERE other.account_id = membership.account_id
            AND other.organization_id <> ALL(${actor.organizationIds}::uuid[])))`,
  };

  protected override readonly computed = { status: () => STATUS };

  protected override readonly filters = {
    status: (operands: Operands) => hasStatus(operands),
    status__in: (operands: Operands) => hasStatus(operands),
  };

  protected override readonly facts = {
    isOfService: () => sql`EXISTS (
      SELECT FROM accounts account WHERE account.id = row.account_id AND account.kind = 'service')`,
  };

  /** Locks the account of a new key, and counts the keys that it has: concurrent requests wait for each other. */
  async countOf(accountId: string, tx: Transaction): Promise<number> {
    await tx.query(sql`SELECT FROM accounts WHERE id = ${accountId} FOR NO KEY UPDATE`);
    const [row] = await tx.query<{ keys: number }>(
      sql`SELECT count(*)::int AS keys FROM api_keys WHERE account_id = ${accountId}`,
    );
    return row?.keys ?? 0;
  }

  /** The keys of an account, oldest first. */
  listOf(accountId: string, tx: Transaction): Promise<ListedKey[]> {
    return tx.query(sql`
      SELECT row.id, row.key_label AS label, row.name, ${STATUS} AS status, row.expires_at AS "expiresAt",
             row.last_used_at AS "lastUsedAt", row.permissions
      FROM api_keys row WHERE row.account_id = ${accountId} ORDER BY row.id`);
  }

  /** Revokes a key, and gives its owner; null where it was revoked before, or there is none. */
  async revoke(id: string, tx: Transaction): Promise<string | null> {
    const [revoked] = await tx.query<{ owner: string }>(sql`
      UPDATE api_keys SET revoked_at = now(), updated_at = now(), version = version + 1
      WHERE id = ${id} AND revoked_at IS NULL RETURNING account_id AS owner`);
    return revoked?.owner ?? null;
  }

  /** Deletes the keys of an account that were made since then. */
  async deleteMadeSince(accountId: string, since: Date, tx: Transaction): Promise<void> {
    await tx.query(sql`DELETE FROM api_keys WHERE account_id = ${accountId} AND created_at >= ${since}`);
  }

  /** Removes an account as the creator of keys of others. */
  async erase(accountId: string, tx: Transaction): Promise<void> {
    await tx.query(sql`UPDATE api_keys SET created_by = NULL WHERE created_by = ${accountId}::uuid`);
  }
}

/** Whether a key has one of these statuses, as ranges of indexed columns. PostgreSQL folds what the values decide. */
function hasStatus(operands: Operands): Sql {
  const values = sql`${new Parameter(plainValues(operands))}::text[]`;
  return sql`(
    ('revoked' = ANY(${values}) AND row.revoked_at IS NOT NULL)
    OR ('expired' = ANY(${values}) AND row.revoked_at IS NULL AND row.expires_at <= now())
    OR ('active' = ANY(${values}) AND row.revoked_at IS NULL AND (row.expires_at > now() OR row.expires_at IS NULL)))`;
}
