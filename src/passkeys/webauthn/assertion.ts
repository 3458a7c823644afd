import type { RelyingParty } from '../../config/relying-party.js';
import type { KnownCredential, PasskeyUse, StoredPasskey } from '../account-passkeys.repository.js';
import { challengeBytes, descriptorOf, webauthn } from './attestation.js';
import { type AssertionResponse, isCrossOrigin, verified } from './responses.js';

/**
 * `PublicKeyCredentialRequestOptionsJSON` with user verification.
 * @param allowed the credentials of an account; none where the account is not known, and then any discoverable one is offered
 */
export async function requestOptions(
  { id: rpID }: RelyingParty,
  allowed: readonly KnownCredential[],
  { challenge, timeout }: { readonly challenge: string; readonly timeout: number },
) {
  const { generateAuthenticationOptions } = await webauthn();
  return generateAuthenticationOptions({
    rpID,
    allowCredentials: allowed.map(descriptorOf),
    challenge: challengeBytes(challenge),
    timeout,
    userVerification: 'required',
  });
}

/** What is needed to verify a response. */
interface Expected {
  readonly challenge: string;
  readonly passkey: Pick<StoredPasskey, 'publicKey' | 'backupEligible'>;
}

/** Verifies the use of a passkey (WebAuthn, 7.2), except its counter. Null when it is not valid. */
export function verifyAssertion(
  { id, response }: AssertionResponse,
  { id: expectedRPID, origins }: RelyingParty,
  { challenge, passkey: { publicKey, backupEligible } }: Expected,
): Promise<PasskeyUse | null> {
  return verified(async () => {
    if (isCrossOrigin(response.clientDataJSON)) return null;
    const { userHandle, ...others } = response;
    const { verifyAuthenticationResponse } = await webauthn();
    const { verified: isValid, authenticationInfo } = await verifyAuthenticationResponse({
      response: {
        ...{ id, rawId: id, type: 'public-key', clientExtensionResults: {} },
        response: { ...others, ...(userHandle && { userHandle }) },
      },
      expectedChallenge: challenge,
      expectedOrigin: [...origins],
      expectedRPID,
      // The counter is compared when the use is recorded, in one statement, and for keys of one device only.
      credential: { id, publicKey: new Uint8Array(publicKey), counter: 0 },
      requireUserVerification: true,
    });
    // Whether a passkey can be synced never changes (WebAuthn, 6.1.3).
    if (!isValid || (authenticationInfo.credentialDeviceType === 'multiDevice') !== backupEligible) return null;
    const { newCounter: signCount, credentialBackedUp: backedUp } = authenticationInfo;
    return { signCount, backedUp };
  });
}
