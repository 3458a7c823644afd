import { Logger } from '@nestjs/common';
import { z } from 'zod';
import { brokenRule } from '../../json-api/document/rules.js';
import { ApiError } from '../../json-api/document/errors.js';
import { quoted } from '../../json-api/limits.js';

/*
 * The responses of authenticators as browsers send them: `PublicKeyCredential.toJSON()` (WebAuthn level 3, 5.1), the same
 * that @simplewebauthn/browser makes. Members that are not needed are ignored, since browsers add some.
 */

/** Maximum size of a credential id, in bytes (WebAuthn, 5.4.3). */
export const MAX_CREDENTIAL_ID = 1_023;
/** In bytes. Client data is some 200 of them; extensions and long origins may add to that. */
const MAX_CLIENT_DATA = 4_096;
const MAX_AUTHENTICATOR_DATA = 4_096;
/** In bytes. An RSA signature of 8,192 bits has 1,024. */
const MAX_SIGNATURE = 1_024;
/** In bytes (WebAuthn, 5.4.3). */
const MAX_USER_HANDLE = 64;
/** In bytes. Attestations with chains of certificates are some 5,000. */
const MAX_ATTESTATION = 16_384;
/** Maximum number of transports. Unknown ones are kept, since browsers get them back. */
const MAX_TRANSPORTS = 8;

/** Base64url without padding (RFC 4648, 5) of at most so many bytes. */
const base64url = (maxBytes: number) =>
  z
    .string()
    .max(Math.ceil((maxBytes * 4) / 3))
    .regex(/^[\w-]+$/);

const CREDENTIAL = { id: base64url(MAX_CREDENTIAL_ID), type: z.literal('public-key') };
const transport = z.string().regex(/^[a-z-]{1,20}$/);

const ATTESTATION = z.object({
  ...CREDENTIAL,
  response: z.object({
    clientDataJSON: base64url(MAX_CLIENT_DATA),
    attestationObject: base64url(MAX_ATTESTATION),
    transports: z.array(transport).max(MAX_TRANSPORTS).nullish(),
  }),
});

const ASSERTION = z.object({
  ...CREDENTIAL,
  response: z.object({
    clientDataJSON: base64url(MAX_CLIENT_DATA),
    authenticatorData: base64url(MAX_AUTHENTICATOR_DATA),
    signature: base64url(MAX_SIGNATURE),
    userHandle: base64url(MAX_USER_HANDLE).nullish(),
  }),
});

/** The response of an authenticator that has created a passkey. */
export type AttestationResponse = z.output<typeof ATTESTATION>;
/** The response of an authenticator that has used a passkey. */
export type AssertionResponse = z.output<typeof ASSERTION>;

/** @throws ApiError 422 at `pointer` */
export const attestationIn = (sent: unknown, pointer: string): AttestationResponse => parse(ATTESTATION, sent, pointer);

/** @throws ApiError 422 at `pointer` */
export const assertionIn = (sent: unknown, pointer: string): AssertionResponse => parse(ASSERTION, sent, pointer);

const PROOF = z.object({ transaction: z.string(), response: z.unknown() });

/** The member of a body with a transaction and a response. @throws ApiError 422 below `pointer` */
export function proofIn(sent: unknown, pointer: string): { transaction: string; response: AssertionResponse } {
  const { data, success } = PROOF.safeParse(sent);
  const source = { pointer: `${pointer}/transaction` };
  if (!success) throw new ApiError([brokenRule('required', { name: 'transaction', source })]);
  return { transaction: data.transaction, response: assertionIn(data.response, `${pointer}/response`) };
}

function parse<Schema extends z.ZodType>(schema: Schema, sent: unknown, pointer: string): z.output<Schema> {
  const { data, success } = schema.safeParse(sent);
  if (success) return data;
  throw new ApiError([notAResponse(pointer)]);
}

/** The error of a response that is not valid, or that answers another challenge. */
export const notAResponse = (pointer: string) =>
  brokenRule(
    'format',
    { name: 'response', source: { pointer }, wanted: 'the response of an authenticator to the options' },
    { expected: 'passkey' },
  );

const logger = new Logger('Passkeys');

/**
 * Whether a response comes from an iframe in a page of another origin (WebAuthn, 5.8.1), which allows clickjacking. The
 * library accepts such responses where the browser does not name the top-level page.
 * @throws Error when the client data is no JSON
 */
export function isCrossOrigin(clientDataJSON: string): boolean {
  const { crossOrigin }: { crossOrigin?: unknown } = JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString());
  return crossOrigin === true;
}

/**
 * Runs a verification. The library throws when a response is not valid. The reason is logged at `debug`, and clients do
 * not get it.
 * @returns null when the response is not valid
 */
export async function verified<Result>(verify: () => Promise<Result | null>): Promise<Result | null> {
  try {
    return await verify();
  } catch (error) {
    logger.debug(`A response of an authenticator is not valid: ${quoted(String(error))}`);
    return null;
  }
}
