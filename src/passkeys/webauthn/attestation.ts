import type { AuthenticationMethod } from '../../auth/sessions/session.js';
import type { RelyingParty } from '../../config/relying-party.js';
import type { KnownCredential } from '../account-passkeys.repository.js';
import { type AttestationResponse, isCrossOrigin, MAX_CREDENTIAL_ID, verified } from './responses.js';

/** The exports of @simplewebauthn/server. */
type Library = typeof import('@simplewebauthn/server') & typeof import('@simplewebauthn/server/helpers');

/**
 * @simplewebauthn/server: some 280 files, a twentieth of the time of a start, so it is loaded for the first passkey.
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

/** The algorithms of passkeys, the preferred one first: what every platform has (RFC 9053, RFC 8812). */
const algorithms = ({ COSEALG }: Library): number[] => [COSEALG.ES256, COSEALG.EdDSA, COSEALG.RS256];
/** In bytes: an RSA key of 4,096 bits has some 530. The work of a verification grows with the key. */
const MAX_PUBLIC_KEY = 600;

/** A new passkey, as its authenticator describes it. */
export interface NewCredential {
  readonly credentialId: Buffer;
  readonly publicKey: Buffer;
  readonly signCount: number;
  readonly transports: string[];
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
}

/** The account that a passkey is created for. */
export interface PasskeyOwner {
  readonly id: string;
  readonly email: string;
  readonly name: string;
}

/** The user handle of an account: the 16 bytes of its id, which say nothing about a person (WebAuthn, 14.6.1). */
export const userHandleOf = (accountId: string): Buffer => Buffer.from(accountId.replaceAll('-', ''), 'hex');

/** The `amr` of a passkey (RFC 8176): `hwk` for one that is bound to a device, `swk` for one that is synced. */
export const methodsOf = ({
  backupEligible,
}: Pick<NewCredential, 'backupEligible'>): readonly AuthenticationMethod[] => [backupEligible ? 'swk' : 'hwk'];

/** A credential as options name it. */
export const descriptorOf = ({ credentialId, transports }: KnownCredential) => ({
  id: credentialId.toString('base64url'),
  transports,
});

/** `PublicKeyCredentialCreationOptionsJSON` of a discoverable credential with user verification. */
export async function creationOptions(
  { id: rpID }: RelyingParty,
  product: string,
  { id, email, name }: PasskeyOwner,
  known: readonly KnownCredential[],
  { challenge, timeout }: { readonly challenge: string; readonly timeout: number },
) {
  const library = await webauthn();
  return library.generateRegistrationOptions({
    rpID,
    rpName: product,
    userID: new Uint8Array(userHandleOf(id)),
    userName: email,
    userDisplayName: name,
    challenge: challengeBytes(challenge),
    timeout,
    attestationType: 'none',
    excludeCredentials: known.map(descriptorOf),
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
    supportedAlgorithmIDs: algorithms(library),
  });
}

/** Verifies a new passkey (WebAuthn, 7.1). Null when it is not valid. */
export function verifyAttestation(
  { id, response }: AttestationResponse,
  { id: expectedRPID, origins }: RelyingParty,
  expectedChallenge: string,
): Promise<NewCredential | null> {
  return verified(async () => {
    if (isCrossOrigin(response.clientDataJSON)) return null;
    const library = await webauthn();
    const { verified: isValid, registrationInfo } = await library.verifyRegistrationResponse({
      response: {
        ...{ id, rawId: id, type: 'public-key', clientExtensionResults: {} },
        response: {
          clientDataJSON: response.clientDataJSON,
          attestationObject: withoutStatement(response.attestationObject, library),
        },
      },
      expectedChallenge,
      expectedOrigin: [...origins],
      expectedRPID,
      requireUserPresence: true,
      requireUserVerification: true,
      supportedAlgorithmIDs: algorithms(library),
    });
    if (!isValid) return null;
    const { credential, credentialDeviceType, credentialBackedUp: backedUp } = registrationInfo;
    const credentialId = Buffer.from(credential.id, 'base64url');
    const isBounded = credentialId.length <= MAX_CREDENTIAL_ID && credential.publicKey.length <= MAX_PUBLIC_KEY;
    if (credential.id !== id || !isBounded) return null;
    return {
      credentialId,
      publicKey: Buffer.from(credential.publicKey),
      signCount: credential.counter,
      transports: response.transports ?? [],
      backupEligible: credentialDeviceType === 'multiDevice',
      backedUp,
    };
  });
}

/**
 * The attestation object without its statement: the model of an authenticator does not matter. The library would verify the
 * statement, and request URLs that its certificate names, which the client chooses.
 */
function withoutStatement(
  attestationObject: string,
  { decodeAttestationObject, isoBase64URL, isoCBOR }: Library,
): string {
  const authData = decodeAttestationObject(isoBase64URL.toBuffer(attestationObject)).get('authData');
  const none = new Map<string, string | Uint8Array | Map<string, string>>([
    ['fmt', 'none'],
    ['attStmt', new Map<string, string>()],
    ['authData', authData],
  ]);
  return isoBase64URL.fromBuffer(isoCBOR.encode(none) as Uint8Array<ArrayBuffer>);
}
