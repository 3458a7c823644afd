import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { sql, type Transaction } from '../../json-api/sql/sql.js';
import { IdentityProvidersRepository } from '../providers/identity-providers.repository.js';
import type { DeclaredProvider } from './providers-file.js';

/** Key of the advisory lock: any number, the same in every instance. */
const LOCK = 7_306_291;

type StoredProvider = DeclaredProvider & { readonly roleCeiling: number };

/** The rows of providers that IDENTITY_PROVIDERS_FILE declares. */
@Injectable()
export class DeclaredProvidersRepository {
  constructor(private readonly providers: IdentityProvidersRepository) {}

  /** Waits for other instances that are starting. */
  async lock(tx: Transaction): Promise<void> {
    await tx.query(sql`SELECT pg_advisory_xact_lock(${LOCK})`);
  }

  /** Disables providers that the file no longer declares; from then on the API can change them. */
  async releaseOthers(slugs: readonly string[], tx: Transaction): Promise<void> {
    await tx.query(sql`
      UPDATE identity_providers SET declared = false, enabled = false, version = version + 1, updated_at = now()
      WHERE declared AND slug <> ALL(${slugs}::text[])`);
  }

  /** Stores a provider with its domains, which are proven, and gives its id. Null, and nothing changes, when others have slug or domain. */
  async store(provider: StoredProvider, tx: Transaction): Promise<string | null> {
    const { slug, domains } = provider;
    const [taken] = await tx.query(sql`
      SELECT 1 FROM identity_providers WHERE slug = ${slug} AND NOT from_file
      UNION ALL
      SELECT 1 FROM identity_provider_domains proven JOIN identity_providers other ON other.id = proven.provider_id
      WHERE proven.domain = ANY(${domains}::text[]) AND other.slug <> ${slug}`);
    if (taken) return null;
    const id = await this.upsert(provider, tx);
    await this.providers.keepDomains(id, domains, tx);
    await tx.query(sql`
      INSERT INTO identity_provider_domains (domain, provider_id)
      SELECT domain, ${id}::uuid FROM unnest(${domains}::text[]) AS declared(domain)
      ON CONFLICT DO NOTHING`);
    return id;
  }

  /** The secret is sealed differently at each start, so a version is raised at each; caches then load it again. */
  private async upsert(provider: StoredProvider, tx: Transaction): Promise<string> {
    const { slug, name, kind, issuer, clientId, clientSecret, scopes, claims, organizationId, domains } = provider;
    const [row] = await tx.query<{ id: string }>(sql`
      INSERT INTO identity_providers
        (id, slug, name, kind, issuer, client_id, client_secret, scopes, claims, authorization_endpoint, token_endpoint,
         userinfo_endpoint, organization_id, domains, trust_email, trust_mfa, "join", default_role, role_ceiling,
         enforced, enabled, declared, from_file)
      VALUES (${uuidv7()}::uuid, ${slug}, ${name}, ${kind}, ${issuer}, ${clientId}, ${clientSecret},
        ${scopes}::varchar[], ${JSON.stringify(claims)}::jsonb, ${provider.authorizationEndpoint},
        ${provider.tokenEndpoint}, ${provider.userinfoEndpoint}, ${organizationId}::uuid, ${domains}::varchar[],
        ${provider.trustEmail}, ${provider.trustMfa}, ${provider.join}, ${provider.defaultRole},
        ${provider.roleCeiling}, ${provider.enforced}, ${provider.enabled}, true, true)
      ON CONFLICT (slug) DO UPDATE SET
        (name, kind, issuer, client_id, client_secret, scopes, claims, authorization_endpoint, token_endpoint,
         userinfo_endpoint, organization_id, domains, trust_email, trust_mfa, "join", default_role, role_ceiling,
         enforced, enabled, declared, version, updated_at)
        = (excluded.name, excluded.kind, excluded.issuer, excluded.client_id, excluded.client_secret, excluded.scopes,
           excluded.claims, excluded.authorization_endpoint, excluded.token_endpoint, excluded.userinfo_endpoint,
           excluded.organization_id, excluded.domains, excluded.trust_email, excluded.trust_mfa, excluded."join",
           excluded.default_role, excluded.role_ceiling, excluded.enforced, excluded.enabled, true,
           identity_providers.version + 1, now())
      RETURNING id`);
    if (!row) throw new Error('The database returned no provider.');
    return row.id;
  }
}
