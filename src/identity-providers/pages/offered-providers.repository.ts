import { Injectable } from '@nestjs/common';
import { sql, Transactions } from '../../json-api/sql/sql.js';

/** A provider as visitors see it. */
export interface OfferedProvider {
  readonly slug: string;
  readonly name: string;
  readonly kind: string;
  readonly enforced: boolean;
}

/** Maximum number of providers that are offered at once. */
const MAX_OFFERED = 20;

/** The enabled providers, for visitors. */
@Injectable()
export class OfferedProvidersRepository {
  constructor(private readonly transactions: Transactions) {}

  /** The enabled provider of that slug; undefined when there is none. */
  async bySlug(slug: string): Promise<OfferedProvider | undefined> {
    const [row] = await this.transactions.query<OfferedProvider>(sql`
      SELECT slug, name, kind, enforced FROM identity_providers WHERE slug = ${slug} AND enabled`);
    return row;
  }

  /** Those that an account may link and has not linked: providers for all accounts, and those of its organizations. */
  linkable(accountId: string, organizationIds: readonly string[]): Promise<OfferedProvider[]> {
    return this.transactions.query<OfferedProvider>(sql`
      SELECT slug, name, kind, enforced FROM identity_providers provider
      WHERE enabled AND (organization_id IS NULL OR organization_id = ANY(${organizationIds}::uuid[])) AND NOT EXISTS (
        SELECT FROM account_identities identity WHERE identity.provider_id = provider.id AND identity.account_id = ${accountId})
      ORDER BY name, id LIMIT ${MAX_OFFERED}`);
  }

  /** Those that have proven the domain, and those for all accounts without domains. @param domain in ASCII form, or empty */
  find(domain: string): Promise<OfferedProvider[]> {
    return this.transactions.query<OfferedProvider>(sql`
      SELECT provider.slug, provider.name, provider.kind, provider.enforced FROM identity_providers provider
      LEFT JOIN identity_provider_domains proven ON proven.provider_id = provider.id AND proven.domain = ${domain}
      WHERE provider.enabled
        AND (proven.domain IS NOT NULL OR (provider.organization_id IS NULL AND provider.domains = '{}'))
      ORDER BY proven.domain NULLS LAST, provider.name, provider.id LIMIT ${MAX_OFFERED}`);
  }
}
