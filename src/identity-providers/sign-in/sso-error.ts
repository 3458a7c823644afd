/** Why a sign-in with an identity provider failed: `error` in `return_to`, and of the page. */
export const SSO_ERRORS = [
  /** Unknown, used or expired `state`, or of another browser or provider. */
  'invalid_state',
  /** The provider did not respond in time, or with a server error. */
  'provider_unavailable',
  /** The response of the provider is wrong, such as its issuer, audience, nonce or signature. */
  'provider_error',
  /** The user, or the provider, declined. */
  'access_denied',
  'email_not_verified',
  /** There is no account that the provider may sign in to, and it may not create one. */
  'not_invited',
  'account_disabled',
  /** A mail was sent to the e-mail of the account, which links the identity. */
  'confirmation_sent',
  /** The identity can only be linked by the account itself, once it is signed in. */
  'link_required',
  /** The identity is of another account. */
  'identity_taken',
  /** The account of the session is another one, or the provider did not reauthenticate it. */
  'reauthentication_failed',
] as const;
export type SsoErrorName = (typeof SSO_ERRORS)[number];

/** A sign-in with an identity provider that failed. */
export class SsoError extends Error {
  constructor(
    readonly reason: SsoErrorName,
    /** The account, where it is known; for the audit trail. */
    readonly accountId: string | null = null,
    options?: ErrorOptions,
  ) {
    super(reason, options);
    this.name = 'SsoError';
  }
}
