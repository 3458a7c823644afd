import { Injectable } from '@nestjs/common';
import { SecretBox } from '../../auth/tokens/secrets.js';
import { type Sql, sql, Transactions } from '../../json-api/sql/sql.js';
import { CLIENT_SECRET_PURPOSE } from '../providers/identity-providers.repository.js';
import type { ProviderSettings } from './provider-settings.js';

const SETTINGS = sql`
  provider.id, provider.slug, provider.name, provider.kind, provider.issuer, provider.client_id AS "clientId",
  provider.client_secret AS "clientSecret", provider.scopes, provider.claims,
  provider.authorization_endpoint AS "authorizationEndpoint", provider.token_endpoint AS "tokenEndpoint",
  provider.userinfo_endpoint AS "userinfoEndpoint", provider.organization_id AS "organizationId",
  provider.trust_email AS "trustEmail", provider.trust_mfa AS "trustMfa", provider."join",
  provider.default_role AS "defaultRole", provider.role_ceiling AS "roleCeiling", provider.enforced, provider.version`;

/** The settings of enabled providers, for signing in with them. */
@Injectable()
export class ProviderSettingsRepository {
  constructor(
    private readonly transactions: Transactions,
    private readonly secrets: SecretBox,
  ) {}

  /** The enabled provider of that slug; undefined when there is none. */
  async bySlug(slug: string): Promise<ProviderSettings | undefined> {
    return (await this.find(sql`provider.slug = ${slug}`))[0];
  }

  /** The enabled provider of that id; undefined when there is none. */
  async byId(id: string): Promise<ProviderSettings | undefined> {
    return (await this.find(sql`provider.id = ${id}`))[0];
  }

  /** Every enabled provider, in the order of slugs. */
  all(): Promise<ProviderSettings[]> {
    return this.find(sql`TRUE`);
  }

  private async find(condition: Sql): Promise<ProviderSettings[]> {
    const rows = await this.transactions.query<ProviderSettings>(sql`
      SELECT ${SETTINGS} FROM identity_providers provider
      WHERE provider.enabled AND ${condition} ORDER BY provider.slug`);
    return rows.map(({ clientSecret, ...row }) => ({ ...row, clientSecret: this.opened(clientSecret) }));
  }

  private opened(sealed: string | null): string | null {
    return sealed === null ? null : this.secrets.open(CLIENT_SECRET_PURPOSE, sealed);
  }
}
