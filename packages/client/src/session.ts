/** Tokens of a session, as a sign-in returns them. */
export interface Tokens {
  /** The access token. */
  readonly token: string;
  readonly refresh_token: string;
}

/** The credentials of a client; `iam-client/auth` has one for bearer tokens and one for cookies. */
export interface Session {
  /** Whether sign-ins put the tokens into cookies. */
  readonly cookies?: boolean;
  /** Adds the credentials to a request. @returns what was added, for `renew` */
  authorize(headers: Headers): Promise<unknown>;
  /**
   * Called after a 401.
   * @param used what `authorize` returned for that request
   * @param refresh sends `POST /auth/refresh`; it returns nothing where the tokens are in cookies
   * @returns whether to send the request again
   */
  renew(used: unknown, refresh: (token?: string) => Promise<Tokens | undefined>): Promise<boolean>;
  /** Called after a sign-in, with its tokens unless they are in cookies. */
  signedIn(tokens: Tokens | undefined): Promise<void>;
  /** Called after a sign-out. */
  signedOut(): Promise<void>;
  /** Called with each response. */
  received?(response: Response): void;
}
