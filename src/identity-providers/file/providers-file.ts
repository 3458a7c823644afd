import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { YamlReader } from '../../auth/authorization/yaml-reader.js';
import { canonicalDomains } from '../providers/identity-provider.resource.js';
import { JOIN_RULES, type JoinRule, SLUG } from '../providers/identity-provider.entity.js';
import { type ClaimNames, KINDS, PROVIDER_KINDS, type ProviderKind } from '../providers/provider-kinds.js';
import { claimErrors, domainErrors, missingErrors } from '../providers/provider.policy.js';

/** A provider that the file declares. */
export interface DeclaredProvider {
  readonly slug: string;
  readonly name: string;
  readonly kind: ProviderKind;
  readonly issuer: string | null;
  readonly clientId: string;
  readonly clientSecret: string | null;
  readonly scopes: readonly string[];
  readonly claims: ClaimNames;
  readonly authorizationEndpoint: string | null;
  readonly tokenEndpoint: string | null;
  readonly userinfoEndpoint: string | null;
  readonly organizationId: string | null;
  readonly domains: readonly string[];
  readonly trustEmail: boolean;
  readonly trustMfa: boolean;
  readonly join: JoinRule;
  readonly defaultRole: string | null;
  readonly enforced: boolean;
  readonly enabled: boolean;
}

/** The file cannot be used. The message names every error. */
export class ProvidersFileError extends Error {
  constructor(
    file: string,
    readonly errors: readonly string[],
  ) {
    super(`IDENTITY_PROVIDERS_FILE ${file} cannot be used:\n${errors.map((error) => `  - ${error}`).join('\n')}`);
    this.name = 'ProvidersFileError';
  }
}

const KEYS = [
  ...['name', 'kind', 'issuer', 'client_id', 'client_secret', 'client_secret_file', 'scopes', 'claims'],
  ...['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'organization_id', 'domains'],
  ...['trust_email', 'trust_mfa', 'join', 'default_role', 'enforced', 'enabled'],
];
const SLUGS = { pattern: SLUG, wording: 'a slug is lower-case letters, digits and hyphens, 60 at most' };

/**
 * Reads the file of identity providers; docs/single-sign-on.md explains its format.
 * @throws ProvidersFileError with all errors at once
 */
export function readProvidersFile(file: string): DeclaredProvider[] {
  const document = parseDocument(read(file), { prettyErrors: false });
  const [broken] = document.errors;
  if (broken) throw new ProvidersFileError(file, [broken.message]);
  const reader = new ProvidersReader();
  const providers = reader.file(document.toJS());
  if (reader.errors.length > 0) throw new ProvidersFileError(file, reader.errors);
  return providers;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ProvidersFileError(file, [
      `it cannot be read (${error instanceof Error ? error.message : String(error)})`,
    ]);
  }
}

/** Reads the parts of the file. */
class ProvidersReader extends YamlReader {
  file(value: unknown): DeclaredProvider[] {
    const { identity_providers: declared } = this.mapping('the file', value, ['identity_providers']);
    const providers = this.named('identity_providers', declared ?? {}, SLUGS, (path, slug, entry) =>
      this.provider(path, slug, entry),
    );
    return [...providers.values()];
  }

  private provider(path: string, slug: string, entry: unknown): DeclaredProvider {
    const from = this.mapping(path, entry, KEYS);
    const optional = (key: string): string | null => this.optionalText(`${path}.${key}`, from[key]);
    const flag = (key: string, otherwise: boolean): boolean =>
      from[key] === undefined ? otherwise : this.boolean(`${path}.${key}`, from[key]);
    const list = (key: string): string[] => (from[key] === undefined ? [] : this.strings(`${path}.${key}`, from[key]));
    const kind = this.word(`${path}.kind`, from['kind'] ?? 'oidc', PROVIDER_KINDS);
    const provider = {
      slug,
      name: this.text(`${path}.name`, from['name']),
      kind,
      issuer: optional('issuer') ?? KINDS[kind].issuer,
      clientId: this.text(`${path}.client_id`, from['client_id']),
      clientSecret: this.secret(path, optional('client_secret'), optional('client_secret_file')),
      scopes: list('scopes'),
      claims: (from['claims'] ?? {}) as ClaimNames,
      authorizationEndpoint: optional('authorization_endpoint'),
      tokenEndpoint: optional('token_endpoint'),
      userinfoEndpoint: optional('userinfo_endpoint'),
      organizationId: optional('organization_id'),
      domains: canonicalDomains(list('domains')) as string[],
      trustEmail: flag('trust_email', false),
      trustMfa: flag('trust_mfa', false),
      join: this.word(`${path}.join`, from['join'] ?? 'invited', JOIN_RULES),
      defaultRole: optional('default_role'),
      enforced: flag('enforced', false),
      enabled: flag('enabled', true),
    };
    const broken = [...claimErrors(provider.claims), ...domainErrors(provider.domains), ...missingErrors(provider)];
    for (const { detail } of broken) this.addError(path, detail);
    if (provider.join === 'domain' && provider.domains.length === 0)
      this.addError(path, '"join: domain" needs domains');
    if (provider.enforced && provider.domains.length === 0) this.addError(path, '"enforced: true" needs domains');
    return provider;
  }

  private secret(path: string, given: string | null, file: string | null): string | null {
    if (given !== null && file !== null) this.addError(path, 'has client_secret or client_secret_file, not both');
    if (file === null) return given;
    try {
      return readFileSync(file, 'utf8').trim();
    } catch {
      this.addError(`${path}.client_secret_file`, 'cannot be read');
      return null;
    }
  }

  private word<const Word extends string>(path: string, value: unknown, words: readonly [Word, ...Word[]]): Word {
    const found = words.find((word) => word === value);
    if (found === undefined) this.addError(path, `must be one of ${words.join(', ')}`);
    return found ?? words[0];
  }
}
