import { Injectable } from '@nestjs/common';
import type { Actor } from '../../auth/authorization/actor.js';
import { ResourceRepository } from '../../json-api/resource.repository.js';
import { sql, type Transaction, TRUE } from '../../json-api/sql/sql.js';
import type { IdentityProvider } from './identity-provider.entity.js';
import { IdentityProviderResource } from './identity-provider.resource.js';

/** What secrets of providers are sealed for. */
export const CLIENT_SECRET_PURPOSE = 'identity_provider.client_secret';

/** The column with sealed secrets, for `secrets reseal`. */
export const SEALED_CLIENT_SECRETS = {
  table: 'identity_providers',
  column: 'client_secret',
  purpose: `'${CLIENT_SECRET_PURPOSE}'`,
};

/** The identity providers in an actor's scope. */
@Injectable()
export class IdentityProvidersRepository extends ResourceRepository<IdentityProvider, Actor> {
  readonly resource = IdentityProviderResource;

  protected readonly scopeConditions = {
    '*': () => TRUE,
    org: (actor: Actor) => sql`row.organization_id = ANY(${actor.organizationIds}::uuid[])`,
  };

  protected override readonly computed = {
    verifiedDomains: () => sql`ARRAY(
      SELECT proven.domain FROM identity_provider_domains proven WHERE proven.provider_id = row.id ORDER BY proven.domain)`,
  };

  protected override readonly facts = {
    hasIdentities: () => sql`EXISTS (SELECT 1 FROM account_identities identity WHERE identity.provider_id = row.id)`,
  };

  /** The domains of a provider that are proven, in their order. */
  async provenDomains(id: string, tx: Pick<Transaction, 'query'>): Promise<string[]> {
    const rows = await tx.query<{ domain: string }>(
      sql`SELECT domain FROM identity_provider_domains WHERE provider_id = ${id} ORDER BY domain`,
    );
    return rows.map(({ domain }) => domain);
  }

  /** The domains of a provider that are not proven, in their order. */
  async unprovenDomains(id: string, database: Pick<Transaction, 'query'>): Promise<string[]> {
    const rows = await database.query<{ domain: string }>(sql`
      SELECT claimed.domain FROM identity_providers provider, unnest(provider.domains) AS claimed(domain)
      WHERE provider.id = ${id} AND NOT EXISTS (
        SELECT FROM identity_provider_domains proven
        WHERE proven.domain = claimed.domain AND proven.provider_id = provider.id)
      ORDER BY claimed.domain`);
    return rows.map(({ domain }) => domain);
  }

  /** Records domains as proven. The primary key rejects those of another provider. */
  async proveDomains(id: string, domains: readonly string[], tx: Transaction): Promise<void> {
    await tx.query(sql`
      INSERT INTO identity_provider_domains (domain, provider_id)
      SELECT domain, ${id}::uuid FROM unnest(${domains}::text[]) AS proven(domain)
      WHERE domain NOT IN (SELECT own.domain FROM identity_provider_domains own WHERE own.provider_id = ${id})
      ORDER BY domain`);
  }

  /** Deletes the proofs of domains that a provider no longer has. */
  async keepDomains(id: string, domains: readonly string[], tx: Transaction): Promise<void> {
    await tx.query(sql`
      DELETE FROM identity_provider_domains WHERE provider_id = ${id} AND domain <> ALL(${domains}::text[])`);
  }
}
