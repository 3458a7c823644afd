import type { AuthenticationMethod } from '../auth/sessions/session.js';

/**
 * The purposes of one-time tokens, and the data that the token of each carries, which is stored sealed. A purpose is
 * added here and in {@link TOKEN_PURPOSES}.
 */
export interface TokenData {
  /** Accepts an invitation. */
  invitation: null;
  /** Sets a password. */
  reset: null;
  /** Proves that a new e-mail is the account's; mailed to it. */
  email_confirm: { readonly email: string };
  /** Takes a change of the e-mail back; mailed to the former e-mail. */
  email_revert: { readonly email: string };
  /** Stands for the first factor of a sign-in until the second one is proved. A wrong code does not use it up. */
  mfa: {
    readonly amr: readonly AuthenticationMethod[];
    readonly passwordVersion?: number;
    readonly provider?: string;
    readonly identity?: FederatedIdentity;
  };
  /** The challenge of a passkey that is being added. */
  passkey_registration: PasskeyChallenge;
  /** The challenge of a sign-in by passkey, whose account is not known yet. */
  passkey_sign_in: PasskeyChallenge;
  /** The challenge of a passkey as second factor. */
  passkey_mfa: PasskeyChallenge;
  /** The challenge of a passkey that proves again who an account is. */
  passkey_reauthenticate: PasskeyChallenge;
  /** The `state` of an authorization request to an identity provider (RFC 6749, 10.12). */
  sso_state: {
    readonly providerId: string;
    readonly verifier: string;
    /** Null for OAuth 2.0. */
    readonly nonce: string | null;
    /** Where it leads, checked: a path of this service, or a URL. */
    readonly returnTo: string;
    /** The client's PKCE challenge; null where it leads to a page of this service. */
    readonly challenge: string | null;
    readonly intent: AuthorizationIntent;
  };
  /** What the client exchanges for a session, with its PKCE verifier. */
  sso_code: {
    readonly challenge: string;
    readonly providerId: string;
    readonly slug: string;
    readonly intent: AuthorizationIntent;
    readonly identity: UpstreamIdentity;
  };
  /** Begins an authorization request that links an identity to the account. */
  sso_link: { readonly providerId: string };
  /** Proves that an identity is of the account; mailed to its e-mail. */
  identity_link: {
    readonly providerId: string;
    readonly slug: string;
    readonly issuer: string;
    readonly subject: string;
    readonly email: string | null;
  };
  /** Says that a logout token of an identity provider was taken (OpenID Connect Back-Channel Logout, 2.6): it is no token itself. */
  logout_token: null;
}

/** What an authenticator signs (WebAuthn, 13.4.3); base64url. */
interface PasskeyChallenge {
  readonly challenge: string;
}

/** What an authorization request to an identity provider is for. */
export type AuthorizationIntent =
  | { readonly kind: 'sign_in' }
  /** The account proves again who it is. */
  | { readonly kind: 'reauthenticate' }
  /** The account is to have the identity. */
  | { readonly kind: 'link'; readonly accountId: string };

/** An account at an identity provider that has just been signed in there. */
export interface UpstreamIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | null;
  /** Id of the session there. */
  readonly sid: string | null;
  readonly idToken: string | null;
  /** Authentication method references (RFC 8176) that count here. */
  readonly amr: readonly string[];
}

/** The same, with the provider; its id is that of the row. */
export interface FederatedIdentity extends UpstreamIdentity {
  readonly providerId: string;
}

export type TokenPurpose = keyof TokenData;

/** What applies to all tokens of a purpose. */
interface PurposeRules {
  /** Lifetime, in seconds. */
  readonly seconds: number;
  /** Maximum number of valid tokens of one account. */
  readonly max: number;
  /** At the maximum, a new token replaces the oldest one, or is not issued. */
  readonly atMax: 'replace' | 'reject';
  /** How long an expired token is kept, in seconds, so that the error says that it has expired rather than that it does not exist. */
  readonly keptSeconds: number;
  /** Stays valid when the tokens of the account are revoked, and while the account is disabled. */
  readonly lasting?: true;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** As long as browsers may wait for an authenticator. Those whose account is not known have no maximum number but the limit of requests. */
const CHALLENGE: PurposeRules = { seconds: 5 * MINUTE, max: 10, atMax: 'replace', keptSeconds: 0 };

/** The rules of every purpose. */
export const TOKEN_PURPOSES: Readonly<Record<TokenPurpose, PurposeRules>> = {
  invitation: { seconds: 3 * DAY, max: 1, atMax: 'replace', keptSeconds: 30 * DAY },
  reset: { seconds: HOUR, max: 3, atMax: 'reject', keptSeconds: 30 * DAY },
  email_confirm: { seconds: DAY, max: 1, atMax: 'replace', keptSeconds: 30 * DAY },
  mfa: { seconds: 5 * MINUTE, max: 20, atMax: 'replace', keptSeconds: HOUR },
  email_revert: { seconds: 7 * DAY, max: 10, atMax: 'reject', keptSeconds: 30 * DAY, lasting: true },
  passkey_registration: CHALLENGE,
  passkey_sign_in: CHALLENGE,
  passkey_mfa: CHALLENGE,
  passkey_reauthenticate: CHALLENGE,
  sso_state: { seconds: 10 * MINUTE, max: 1_000, atMax: 'reject', keptSeconds: 0 },
  sso_code: { seconds: MINUTE, max: 10, atMax: 'replace', keptSeconds: 0 },
  sso_link: { seconds: 10 * MINUTE, max: 5, atMax: 'replace', keptSeconds: 0 },
  identity_link: { seconds: HOUR, max: 3, atMax: 'replace', keptSeconds: 30 * DAY },
  // Longer than such a token is accepted.
  logout_token: { seconds: 15 * MINUTE, max: 0, atMax: 'reject', keptSeconds: 0 },
};

const PURPOSES = Object.entries(TOKEN_PURPOSES);

/** The purposes whose tokens stay valid when the tokens of an account are revoked. */
export const LASTING_PURPOSES: readonly string[] = PURPOSES.flatMap(([name, { lasting }]) => (lasting ? [name] : []));

/** How long expired tokens are kept, in seconds, by purpose; as JSON. */
export const KEPT_SECONDS = JSON.stringify(
  Object.fromEntries(PURPOSES.map(([name, { keptSeconds }]) => [name, keptSeconds])),
);
