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
  mfa: { readonly amr: readonly AuthenticationMethod[]; readonly passwordVersion?: number; readonly provider?: string };
  /** The challenge of a passkey that is being added. */
  passkey_registration: PasskeyChallenge;
  /** The challenge of a sign-in by passkey, whose account is not known yet. */
  passkey_sign_in: PasskeyChallenge;
  /** The challenge of a passkey as second factor. */
  passkey_mfa: PasskeyChallenge;
  /** The challenge of a passkey that proves again who an account is. */
  passkey_reauthenticate: PasskeyChallenge;
}

/** What an authenticator signs (WebAuthn, 13.4.3); base64url. */
interface PasskeyChallenge {
  readonly challenge: string;
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
};

const PURPOSES = Object.entries(TOKEN_PURPOSES);

/** The purposes whose tokens stay valid when the tokens of an account are revoked. */
export const LASTING_PURPOSES: readonly string[] = PURPOSES.flatMap(([name, { lasting }]) => (lasting ? [name] : []));

/** How long expired tokens are kept, in seconds, by purpose; as JSON. */
export const KEPT_SECONDS = JSON.stringify(
  Object.fromEntries(PURPOSES.map(([name, { keptSeconds }]) => [name, keptSeconds])),
);
