import type { IdentityProvider } from '../providers/identity-provider.entity.js';
import { type Endpoints, KINDS, type KindRules } from '../providers/provider-kinds.js';

/** What a sign-in needs to know of a provider; its secret is opened. */
export type ProviderSettings = Pick<
  IdentityProvider,
  | 'id'
  | 'slug'
  | 'name'
  | 'kind'
  | 'clientId'
  | 'clientSecret'
  | 'scopes'
  | 'claims'
  | 'authorizationEndpoint'
  | 'tokenEndpoint'
  | 'userinfoEndpoint'
  | 'organizationId'
  | 'trustEmail'
  | 'trustMfa'
  | 'join'
  | 'defaultRole'
  | 'roleCeiling'
  | 'enforced'
  | 'version'
> & { readonly issuer: string };

/** The rules of a provider's kind. */
export const rulesOf = ({ kind }: Pick<ProviderSettings, 'kind'>): KindRules => KINDS[kind];

/** Where an OAuth 2.0 provider is asked; undefined for OpenID Connect, which discovers it. */
export function endpointsOf(settings: ProviderSettings): Endpoints | undefined {
  const { protocol, endpoints } = rulesOf(settings);
  const { authorizationEndpoint: authorization, tokenEndpoint: token, userinfoEndpoint: userinfo } = settings;
  if (endpoints || protocol === 'oidc') return endpoints;
  return authorization && token && userinfo ? { authorization, token, userinfo } : undefined;
}

/** The scopes that are asked for. */
export const scopesOf = (settings: ProviderSettings): readonly string[] =>
  settings.scopes.length > 0 ? settings.scopes : rulesOf(settings).scopes;

/** The name of the provider's claim for a use. */
export function claimName(settings: ProviderSettings, use: 'subject' | 'email' | 'email_verified' | 'name'): string {
  return settings.claims[use] ?? rulesOf(settings).claims[use] ?? (use === 'subject' ? 'sub' : use);
}
