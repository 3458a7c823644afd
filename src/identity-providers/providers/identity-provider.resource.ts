import { asciiDomain } from '../../auth/email-key.js';
import { defineResource } from '../../json-api/resource/resource.js';
import { IdentityProvider } from './identity-provider.entity.js';

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

/** Domains in one spelling: in ASCII, lower case, each once, in their order. What is no domain stays as it is. */
export const canonicalDomains = (value: unknown): unknown =>
  isTexts(value) ? [...new Set(value.map((domain) => asciiDomain(domain.trim()) ?? domain))].toSorted() : value;

/** What a client may do with identity providers. */
export const IdentityProviderResource = defineResource(IdentityProvider, {
  type: 'iam:identity_providers',
  attributes: {
    slug: { write: 'create', filter: ['eq', 'in'], sort: true },
    name: { write: 'always', filter: ['eq'], sort: true },
    kind: { write: 'create', filter: ['eq', 'in'] },
    issuer: { write: 'always' },
    clientId: { write: 'always' },
    clientSecret: { write: 'always', writeOnly: true },
    scopes: { write: 'always' },
    claims: { write: 'always', schema: { additionalProperties: { type: 'string' } } },
    authorizationEndpoint: { write: 'always' },
    tokenEndpoint: { write: 'always' },
    userinfoEndpoint: { write: 'always' },
    organizationId: { write: 'create', filter: ['eq', 'in'], sort: true },
    domains: { write: 'always', canonical: canonicalDomains },
    verifiedDomains: { computed: { type: 'list', description: 'The domains that are proven' } },
    trustEmail: { write: 'always' },
    trustMfa: { write: 'always' },
    join: { write: 'always' },
    defaultRole: { write: 'always' },
    enforced: { write: 'always', filter: ['eq'] },
    enabled: { write: 'always', filter: ['eq'] },
    declared: { filter: ['eq'] },
    createdAt: { filter: ['eq', 'gte', 'lte'], sort: true },
    updatedAt: { sort: true },
  },
  relationships: {
    organization: { one: 'iam:organizations', by: 'organizationId' },
  },
});
