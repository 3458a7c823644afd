/** What the library exports. */
export type Library = typeof import('@simplewebauthn/server') & typeof import('@simplewebauthn/server/helpers');

/**
 * The library of WebAuthn and its readers of certificates: some 280 files, a twentieth of a start, which are loaded with
 * the first passkey.
 */
export async function webauthn(): Promise<Library> {
  const [server, helpers] = await Promise.all([
    import('@simplewebauthn/server'),
    import('@simplewebauthn/server/helpers'),
  ]);
  return { ...server, ...helpers };
}

/** The bytes of a challenge. */
export const challengeBytes = (challenge: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(challenge, 'base64url'));
