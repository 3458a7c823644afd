/** The names of claims that differ from those of OpenID Connect. */
export interface ClaimNames {
  readonly subject?: string;
  readonly email?: string;
  readonly email_verified?: string;
  readonly name?: string;
}

/** What differs between the kinds of providers. A preset is one row of this table. */
export interface KindRules {
  /** `oidc` discovers endpoints and keys by the issuer, and verifies ID tokens; `oauth2` has neither. */
  readonly protocol: 'oidc' | 'oauth2';
  /** The issuer of providers that are created without one. */
  readonly issuer: string | null;
  /** Whether the issuer may be another one, such as that of a server of one's own. */
  readonly fixedIssuer: boolean;
  readonly scopes: readonly string[];
  readonly claims: ClaimNames;
  /** Of `oauth2`. */
  readonly endpoints?: Endpoints;
  /** Whether it honours `prompt=login` and `max_age`, and says `auth_time`. */
  readonly reauthenticates: boolean;
}

/** The endpoints of an OAuth 2.0 provider. */
export interface Endpoints {
  readonly authorization: string;
  readonly token: string;
  readonly userinfo: string;
  /** A list of `{ email, primary, verified }`, where the claims have no verified e-mail. */
  readonly emails?: string;
}

/** The kinds of providers: protocols and presets. */
export const PROVIDER_KINDS = ['oidc', 'oauth2', 'google', 'microsoft', 'github', 'gitlab'] as const;
export type ProviderKind = (typeof PROVIDER_KINDS)[number];

const OIDC = {
  protocol: 'oidc',
  issuer: null,
  fixedIssuer: false,
  scopes: ['openid', 'email', 'profile'],
  claims: {},
  reauthenticates: true,
} as const satisfies KindRules;

/** The protocols, and the presets of well-known providers. */
export const KINDS: Readonly<Record<ProviderKind, KindRules>> = {
  oidc: OIDC,
  oauth2: { ...OIDC, protocol: 'oauth2', scopes: [], reauthenticates: false },
  // Says no auth_time unless a claim is asked for, and ignores max_age.
  google: { ...OIDC, issuer: 'https://accounts.google.com', fixedIssuer: true, reauthenticates: false },
  // The issuer names the tenant. The e-mail is whatever an admin of any tenant wrote (nOAuth), and never verified.
  microsoft: OIDC,
  gitlab: { ...OIDC, issuer: 'https://gitlab.com' },
  github: {
    ...OIDC,
    protocol: 'oauth2',
    issuer: 'https://github.com',
    fixedIssuer: true,
    scopes: ['read:user', 'user:email'],
    claims: { subject: 'id' },
    endpoints: {
      authorization: 'https://github.com/login/oauth/authorize',
      token: 'https://github.com/login/oauth/access_token',
      userinfo: 'https://api.github.com/user',
      emails: 'https://api.github.com/user/emails',
    },
    reauthenticates: false,
  },
};
