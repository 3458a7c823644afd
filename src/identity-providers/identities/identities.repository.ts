import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { SecretBox } from '../../auth/tokens/secrets.js';
import { type Sql, sql, type Transaction } from '../../json-api/sql/sql.js';
import type { UpstreamIdentity } from '../../one-time-tokens/token-purposes.js';
import type { PersonalTable } from '../../personal-data/personal-data.js';
import type { ProviderKind } from '../providers/provider-kinds.js';
import { isEnforcedFor } from '../enforcement/enforced-providers.repository.js';
import type { LinkedBy } from './account-identity.entity.js';

/** The identities of an account. */
export const PERSONAL_IDENTITIES: PersonalTable = {
  table: 'account_identities',
  key: 'id',
  accounts: { account_id: [] },
};

/**
 * The condition, in SQL, that an account has an identity of an enabled provider, and is not to sign in with another one.
 * @param account its id
 */
export const hasIdentity = (account: Sql): Sql => sql`EXISTS (
  SELECT FROM account_identities identity JOIN identity_providers provider ON provider.id = identity.provider_id
  WHERE identity.account_id = ${account} AND provider.enabled AND NOT ${isEnforcedFor(account, sql`provider.id`)})`;

/** What ID tokens of sessions are sealed for. */
export const ID_TOKEN_PURPOSE = 'identity_provider_session.id_token';

/** The column with sealed ID tokens, for `secrets reseal`. */
export const SEALED_ID_TOKENS = {
  table: 'identity_provider_sessions',
  column: 'id_token',
  purpose: `'${ID_TOKEN_PURPOSE}'`,
};

/** Maximum number of identities of one account. */
const MAX_IDENTITIES = 20;

/** The account of an identity. */
export interface KnownIdentity {
  readonly id: string;
  readonly accountId: string;
  readonly linkedBy: LinkedBy;
}

/** An identity as its owner sees it. */
export interface ListedIdentity {
  readonly id: string;
  /** Of the provider. */
  readonly name: string;
  readonly email: string | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

type Upstream = Pick<UpstreamIdentity, 'issuer' | 'subject' | 'email'>;

/** Identities, for signing in and linking; no scope applies. */
@Injectable()
export class IdentitiesRepository {
  constructor(private readonly secrets: SecretBox) {}

  /** The identity of that provider, issuer and subject; undefined where there is none. */
  async find(
    providerId: string,
    { issuer, subject }: Pick<Upstream, 'issuer' | 'subject'>,
    database: Pick<Transaction, 'query'>,
  ): Promise<KnownIdentity | undefined> {
    const [row] = await database.query<KnownIdentity>(sql`
      SELECT id, account_id AS "accountId", linked_by AS "linkedBy" FROM account_identities
      WHERE provider_id = ${providerId} AND issuer = ${issuer} AND subject = ${subject}`);
    return row;
  }

  /**
   * Links an identity to an account, whose row is locked, and gives its id. Null when an account has it already, this one included, or the
   * account has as many as it may have.
   */
  async link(
    accountId: string,
    providerId: string,
    { issuer, subject, email }: Upstream,
    linkedBy: LinkedBy,
    tx: Transaction,
  ): Promise<string | null> {
    const [row] = await tx.query<{ id: string }>(sql`
      INSERT INTO account_identities (id, account_id, provider_id, issuer, subject, email, linked_by)
      SELECT ${uuidv7()}::uuid, ${accountId}::uuid, ${providerId}::uuid, ${issuer}, ${subject}, ${email}, ${linkedBy}
      WHERE (SELECT count(*) FROM account_identities WHERE account_id = ${accountId}) < ${MAX_IDENTITIES}::int
      ON CONFLICT (provider_id, issuer, subject) DO NOTHING RETURNING id`);
    return row?.id ?? null;
  }

  /** The enabled providers of the identities of an account, each once. */
  providersOf(
    accountId: string,
    database: Pick<Transaction, 'query'>,
  ): Promise<{ readonly slug: string; readonly name: string; readonly kind: ProviderKind }[]> {
    return database.query(sql`
      SELECT DISTINCT provider.slug, provider.name, provider.kind FROM account_identities identity
      JOIN identity_providers provider ON provider.id = identity.provider_id
      WHERE identity.account_id = ${accountId} AND provider.enabled ORDER BY provider.slug`);
  }

  /** The identities of an account with the names of their providers, oldest first. */
  listOf(accountId: string, database: Pick<Transaction, 'query'>): Promise<ListedIdentity[]> {
    return database.query<ListedIdentity>(sql`
      SELECT identity.id, provider.name, identity.email, identity.created_at AS "createdAt", identity.last_used_at AS "lastUsedAt"
      FROM account_identities identity JOIN identity_providers provider ON provider.id = identity.provider_id
      WHERE identity.account_id = ${accountId} ORDER BY identity.id`);
  }

  /** Removes the identities of an account that were linked since then. */
  async removeSince(accountId: string, since: Date, tx: Transaction): Promise<void> {
    await tx.query(sql`DELETE FROM account_identities WHERE account_id = ${accountId} AND created_at >= ${since}`);
  }

  /** Records that the owner of the account, in a fresh session, has linked an identity that something else had linked. */
  async confirmLink(id: string, tx: Transaction): Promise<void> {
    await tx.query(sql`
      UPDATE account_identities SET linked_by = 'session', version = version + 1, updated_at = now() WHERE id = ${id}`);
  }

  /**
   * Records that an identity of the account has signed in, and which session came of it.
   * @returns false when the identity is no longer one of the account
   */
  async recordSignIn(
    { accountId, sessionId }: { readonly accountId: string; readonly sessionId: string },
    providerId: string,
    { issuer, subject, email, sid, idToken }: UpstreamIdentity,
    tx: Transaction,
  ): Promise<boolean> {
    const sealed = idToken === null ? null : this.secrets.seal(ID_TOKEN_PURPOSE, idToken);
    const rows = await tx.query(sql`
      WITH used AS (
        UPDATE account_identities SET last_used_at = now(), email = coalesce(${email}, email), version = version + 1
        WHERE provider_id = ${providerId} AND issuer = ${issuer} AND subject = ${subject} AND account_id = ${accountId}
        RETURNING id)
      INSERT INTO identity_provider_sessions (id, provider_id, issuer, subject, sid, id_token)
      SELECT ${sessionId}::uuid, ${providerId}::uuid, ${issuer}, ${subject}, ${sid}, ${sealed} FROM used
      RETURNING id`);
    return rows.length > 0;
  }

  /** The enabled provider of an identity; undefined where there is none. */
  async providerOf(
    providerId: string,
    database: Pick<Transaction, 'query'>,
  ): Promise<{ readonly name: string; readonly organizationId: string | null } | undefined> {
    const [row] = await database.query<{ name: string; organizationId: string | null }>(sql`
      SELECT name, organization_id AS "organizationId" FROM identity_providers WHERE id = ${providerId} AND enabled`);
    return row;
  }

  /** Whether a domain is proven for a provider. */
  async isProven(domain: string, providerId: string, database: Pick<Transaction, 'query'>): Promise<boolean> {
    const rows = await database.query(sql`
      SELECT 1 FROM identity_provider_domains WHERE domain = ${domain} AND provider_id = ${providerId}`);
    return rows.length > 0;
  }
}
