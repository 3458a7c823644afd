import type { Actor, Role } from '../../auth/authorization/actor.js';
import { asciiDomain } from '../../auth/email-key.js';
import { attributePointer, type ErrorObject } from '../../json-api/document/errors.js';
import { attributeField, brokenRule, type Rule } from '../../json-api/document/rules.js';
import { isObject } from '../../json-api/resource/field-types.js';
import { snakeCase } from '../../json-api/resource/columns.js';
import type { Facts, Restrictions } from '../../json-api/resource/permissions.js';
import type { IdentityProvider } from './identity-provider.entity.js';
import { KINDS } from './provider-kinds.js';

/** Rules for writing identity providers, in addition to the scope condition. Pure functions. */

const TYPE = 'iam:identity_providers';

/** Rules of identity providers beside those of the resource layer. */
export const PROVIDER_RULES = {
  needs_domains: {
    text: '{name} needs a proven domain',
    description: 'an attribute of an identity provider that applies to its proven domains, of which there is none',
  },
  unreachable: {
    text: '{name} cannot be requested: {reason}',
    description: 'a URL that OUTBOUND_ALLOWED_NETWORKS and OUTBOUND_ALLOWED_PORTS do not allow, or that is not https',
  },
} as const satisfies Record<string, Rule>;

/** Properties that an owner may not set, with the only value that is allowed. */
const OPERATORS_ONLY = {
  trustEmail: false,
  trustMfa: false,
  authorizationEndpoint: null,
  tokenEndpoint: null,
  userinfoEndpoint: null,
} as const satisfies Partial<IdentityProvider>;

const OPERATORS = 'Only who may update all identity providers may set this';

/** Whether the actor may do an action on all providers, and not only on those of own organizations. */
export const isOperator = (actor: Actor, action: 'create' | 'update'): boolean => actor.can(TYPE, action, '*');

/** Errors of a change: what no actor may do, and what an owner may not. */
export function providerRestrictions(actor: Actor, row: IdentityProvider, { hasIdentities }: Facts): Restrictions {
  if (row.declared) {
    const detail = 'IDENTITY_PROVIDERS_FILE declares this provider: change it there';
    return { update: detail, delete: detail };
  }
  const fixed = 'It is fixed once an account has an identity of the provider';
  const operatorsOnly = isOperator(actor, 'update') ? [] : Object.keys(OPERATORS_ONLY);
  return {
    attributes: {
      ...Object.fromEntries(operatorsOnly.map((property) => [property, OPERATORS])),
      ...(KINDS[row.kind].fixedIssuer && { issuer: 'The kind has an issuer of its own' }),
      ...(hasIdentities === true && { issuer: fixed, claims: fixed }),
    },
  };
}

/** What an owner may not create: errors of status 403. */
export function creationErrors(actor: Actor, values: Partial<IdentityProvider>): ErrorObject[] {
  if (isOperator(actor, 'create')) return [];
  const forbidden = (property: string, detail: string): ErrorObject => ({
    code: 'forbidden',
    detail,
    source: attributePointer(snakeCase(property)),
  });
  const closed = Object.entries(OPERATORS_ONLY).filter(([property, open]) => {
    const value = values[property as keyof typeof OPERATORS_ONLY];
    return value !== undefined && value !== open;
  });
  const isOwn = values.organizationId != null && actor.organizationIds.includes(values.organizationId);
  return [
    ...closed.map(([property]) => forbidden(property, OPERATORS)),
    ...(values.kind === 'oauth2' ? [forbidden('kind', OPERATORS)] : []),
    ...(isOwn ? [] : [forbidden('organizationId', 'You may only create providers of organizations of your own')]),
  ];
}

/** Which role accounts that join may get: errors of status 403 above the actor's own. */
export const roleErrors = (actor: Actor, role: Role | null): ErrorObject[] =>
  role !== null && role.rank > actor.role.rank
    ? [{ code: 'forbidden', detail: 'The role is above your own', source: attributePointer('default_role') }]
    : [];

const CLAIMS = ['subject', 'email', 'email_verified', 'name'];
const MAX_CLAIM = 100;

/** The errors of `claims`, which has names of claims by their uses. */
export function claimErrors(claims: unknown): ErrorObject[] {
  const isName = (value: unknown): boolean => typeof value === 'string' && value !== '' && value.length <= MAX_CLAIM;
  const fits = isObject(claims) && Object.entries(claims).every(([key, name]) => CLAIMS.includes(key) && isName(name));
  if (fits) return [];
  const wanted = `an object with names of claims by ${CLAIMS.join(', ')}`;
  return [brokenRule('format', { ...attributeField('claims'), wanted }, { expected: 'claims' })];
}

const MAX_DOMAINS = 50;

/** The errors of a list of domains. */
export function domainErrors(domains: readonly string[]): ErrorObject[] {
  if (domains.length > MAX_DOMAINS)
    return [brokenRule('too_many', attributeField('domains'), { maximum: MAX_DOMAINS })];
  // A domain of one label is a top-level domain, or a host of a network of one's own.
  const isDomain = (domain: string): boolean => asciiDomain(domain) === domain && domain.includes('.');
  if (domains.every(isDomain)) return [];
  const wanted = 'a list of domains such as example.com';
  return [brokenRule('format', { ...attributeField('domains'), wanted }, { expected: 'domains' })];
}

type Protocol = Pick<IdentityProvider, 'kind'> &
  Partial<Pick<IdentityProvider, 'issuer' | 'authorizationEndpoint' | 'tokenEndpoint' | 'userinfoEndpoint'>>;

/** The attributes that the kind of a provider requires, and that are null; those that are undefined are wrong anyway. */
export function missingErrors(provider: Protocol): ErrorObject[] {
  const { protocol, endpoints } = KINDS[provider.kind];
  const needed: readonly (keyof Protocol)[] =
    protocol === 'oidc' || endpoints
      ? ['issuer']
      : ['issuer', 'authorizationEndpoint', 'tokenEndpoint', 'userinfoEndpoint'];
  return needed.flatMap((property) =>
    provider[property] !== null ? [] : [brokenRule('required', attributeField(snakeCase(property)))],
  );
}

/** The URLs of a provider, by property. */
export const URL_PROPERTIES = ['issuer', 'authorizationEndpoint', 'tokenEndpoint', 'userinfoEndpoint'] as const;

/** The error of a URL that the outbound client does not request. */
export const urlError = (property: string, reason: string): ErrorObject =>
  brokenRule(['unreachable', PROVIDER_RULES.unreachable], attributeField(snakeCase(property)), { reason });
