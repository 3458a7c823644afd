import { Injectable } from '@nestjs/common';
import { SecondFactors } from '../auth/authentication/second-factors.repository.js';
import type { RoleScope } from '../auth/authorization/actor.js';
import { sql, type Transaction, Transactions } from '../json-api/sql/sql.js';
import type { ActiveKeys } from '../passwords/password-changed.mailer.js';
import type { KeySecret } from './api-key-format.js';

/** A valid key, with everything that its actor has. */
export interface FoundKey {
  readonly id: string;
  readonly hash: string;
  readonly permissions: readonly string[];
  /** Null where the key has all of the owner's. */
  readonly roleScope: RoleScope | null;
  /** Those in `roleScope` that exist and are not being deleted. */
  readonly scopeOrganizationIds: readonly string[];
  /** Null when it does not expire. */
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly accountId: string;
  readonly email: string;
  readonly name: string;
  readonly pictureUrl: string | null;
  readonly locale: string | null;
  /** Whether the owner must have a second factor and has none. */
  readonly lacksFactor: boolean;
  readonly roleName: string;
  readonly roleScopeExtra: RoleScope;
  /** Those of the owner that are not being deleted. */
  readonly organizationIds: readonly string[];
}

/** Maximum number of secrets of one key: the present one, and former ones in their overlap. */
const MAX_SECRETS = 10;

/** The secrets of API keys. No scope applies: there is no actor before the key is found. */
@Injectable()
export class ApiKeySecretsRepository implements ActiveKeys {
  constructor(
    private readonly transactions: Transactions,
    private readonly factors: SecondFactors,
  ) {}

  /** The valid key with this finder, and its enabled owner, by one statement. */
  async find(finder: string): Promise<FoundKey | undefined> {
    const [row] = await this.transactions.query<FoundKey>(sql`
      SELECT key.id, secret.hash, key.permissions, key.role_scope AS "roleScope",
             least(key.expires_at, secret.expires_at) AS "expiresAt", key.last_used_at AS "lastUsedAt",
             account.id AS "accountId", account.email, account.name, account.picture_url AS "pictureUrl",
             ${this.factors.isMissingFor(sql`account.id`)} AS "lacksFactor",
             account.locale, account.role_name AS "roleName", account.role_scope_extra AS "roleScopeExtra",
             ARRAY(
               SELECT membership.organization_id::text FROM memberships membership
               JOIN organizations organization ON organization.id = membership.organization_id
               WHERE membership.account_id = account.id AND organization.deletion_started_at IS NULL
             ) AS "organizationIds",
             ARRAY(
               SELECT organization.id::text FROM organizations organization
               WHERE organization.deletion_started_at IS NULL AND organization.id = ANY(
                 ARRAY(SELECT jsonb_array_elements_text(key.role_scope -> 'org'))::uuid[])
             ) AS "scopeOrganizationIds"
      FROM api_key_secrets secret
      JOIN api_keys key ON key.id = secret.key_id
      JOIN accounts account ON account.id = key.account_id
      WHERE secret.finder = ${finder} AND account.enabled AND key.revoked_at IS NULL
        AND (key.expires_at > now() OR key.expires_at IS NULL)
        AND (secret.expires_at > now() OR secret.expires_at IS NULL)`);
    return row;
  }

  /** Stores the secret of a new key. */
  async add(keyId: string, { finder, hash }: KeySecret, tx: Transaction): Promise<void> {
    await tx.query(sql`INSERT INTO api_key_secrets (finder, key_id, hash) VALUES (${finder}, ${keyId}, ${hash})`);
  }

  /** Replaces the secret of a locked key. Former ones stay valid for the overlap, but not longer than before. */
  async replace(keyId: string, secret: KeySecret, overlapSeconds: number, tx: Transaction): Promise<void> {
    await tx.query(sql`
      UPDATE api_key_secrets SET expires_at = least(expires_at, now() + make_interval(secs => ${overlapSeconds}))
      WHERE key_id = ${keyId}`);
    await tx.query(sql`
      DELETE FROM api_key_secrets WHERE key_id = ${keyId} AND (expires_at <= now() OR finder IN (
        SELECT finder FROM api_key_secrets WHERE key_id = ${keyId}
        ORDER BY expires_at DESC, finder OFFSET ${MAX_SECRETS - 1}))`);
    await this.add(keyId, secret, tx);
  }

  /**
   * Stores that a key was used, at most once a minute. Skips a locked row, so that no request waits for a change of the key.
   */
  async markUsed(keyId: string): Promise<void> {
    await this.transactions.query(sql`
      UPDATE api_keys SET last_used_at = now() WHERE id = (
        SELECT id FROM api_keys
        WHERE id = ${keyId} AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
        FOR NO KEY UPDATE SKIP LOCKED)`);
  }

  /** The number of valid keys of an account. */
  async count(accountId: string): Promise<number> {
    const [row] = await this.transactions.query<{ keys: number }>(sql`
      SELECT count(*)::int AS keys FROM api_keys
      WHERE account_id = ${accountId} AND revoked_at IS NULL AND (expires_at > now() OR expires_at IS NULL)`);
    return row?.keys ?? 0;
  }
}
