import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/*
 * An authenticator in software (WebAuthn, 6) with the browser around it: it makes passkeys with ES256, and signs with them.
 * Everything that it says can be changed, so that tests see what the service rejects.
 */

/** A key of the authenticator. */
interface Credential {
  readonly id: Buffer;
  readonly userHandle: Buffer;
  readonly privateKey: KeyObject;
  readonly publicKey: Buffer;
}

export interface AuthenticatorOptions {
  /** Of the page that uses it. */
  readonly origin: string;
  /** Whether its keys are synced to other devices; else they are bound to this one and counted. */
  readonly synced?: boolean;
}

/** What a response says in place of the truth. */
export interface Lie {
  readonly origin?: string;
  readonly rpId?: string;
  readonly challenge?: string;
  readonly crossOrigin?: boolean;
  readonly type?: string;
  /** Whether the user entered a PIN or showed a finger. */
  readonly userVerified?: boolean;
  readonly userPresent?: boolean;
  /** The backup flags. */
  readonly synced?: boolean;
  readonly userHandle?: Buffer | null;
  readonly credentialId?: Buffer;
  /** A statement in place of none: format and CBOR. */
  readonly statement?: readonly [format: string, statement: Buffer];
}

interface CreationOptions {
  readonly rp: { readonly id?: string };
  readonly user: { readonly id: string };
  readonly challenge: string;
  readonly excludeCredentials?: readonly { readonly id: string }[];
}

interface RequestOptions {
  readonly rpId?: string;
  readonly challenge: string;
  readonly allowCredentials?: readonly { readonly id: string }[];
}

const FLAGS = { present: 1, verified: 4, eligible: 8, backedUp: 16, attested: 64 };

export class Authenticator {
  readonly credentials: Credential[] = [];
  /** Of all keys; it grows with each use. */
  counter = 0;

  constructor(private readonly options: AuthenticatorOptions) {}

  /** A copy of the device, with its keys and its counter. */
  copy(): Authenticator {
    const copy = new Authenticator(this.options);
    copy.credentials.push(...this.credentials);
    copy.counter = this.counter;
    return copy;
  }

  /** `navigator.credentials.create()`, as JSON. */
  create(options: CreationOptions, lie: Lie = {}) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
    const id = lie.credentialId ?? randomBytes(32);
    const key = map([
      [int(1), int(2)],
      [int(3), int(-7)],
      [int(-1), int(1)],
      [int(-2), bytes(Buffer.from(x, 'base64url'))],
      [int(-3), bytes(Buffer.from(y, 'base64url'))],
    ]);
    this.credentials.push({ id, privateKey, publicKey: key, userHandle: Buffer.from(options.user.id, 'base64url') });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(id.length);
    const attested = Buffer.concat([Buffer.alloc(16), length, id, key]);
    const authData = Buffer.concat([this.#authData(options.rp.id, lie, FLAGS.attested), attested]);
    const [format, statement] = lie.statement ?? ['none', map([])];
    const attestationObject = map([
      [text('fmt'), text(format)],
      [text('attStmt'), statement],
      [text('authData'), bytes(authData)],
    ]);
    const clientDataJSON = this.#clientData('webauthn.create', options.challenge, lie);
    return {
      ...this.#credential(id),
      response: {
        clientDataJSON: clientDataJSON.toString('base64url'),
        attestationObject: attestationObject.toString('base64url'),
        transports: ['internal', 'hybrid'],
      },
    };
  }

  /** `navigator.credentials.get()`, as JSON, with the last key that is allowed. */
  get(options: RequestOptions, lie: Lie = {}) {
    const allowed = options.allowCredentials?.map(({ id }) => id) ?? [];
    const usable = this.credentials.filter(
      ({ id }) => allowed.length === 0 || allowed.includes(id.toString('base64url')),
    );
    const credential = usable.at(-1);
    if (!credential) throw new Error('The authenticator has none of these keys');
    this.counter++;
    const authData = this.#authData(options.rpId, lie);
    const clientDataJSON = this.#clientData('webauthn.get', options.challenge, lie);
    const signed = Buffer.concat([authData, createHash('sha256').update(clientDataJSON).digest()]);
    const userHandle = lie.userHandle === undefined ? credential.userHandle : lie.userHandle;
    return {
      ...this.#credential(lie.credentialId ?? credential.id),
      response: {
        clientDataJSON: clientDataJSON.toString('base64url'),
        authenticatorData: authData.toString('base64url'),
        signature: sign('sha256', signed, credential.privateKey).toString('base64url'),
        userHandle: userHandle && userHandle.toString('base64url'),
      },
    };
  }

  #credential(id: Buffer) {
    const text = id.toString('base64url');
    return {
      id: text,
      rawId: text,
      type: 'public-key',
      authenticatorAttachment: 'platform',
      clientExtensionResults: {},
    };
  }

  #clientData(type: string, challenge: string, lie: Lie): Buffer {
    const data = {
      type: lie.type ?? type,
      challenge: lie.challenge ?? challenge,
      origin: lie.origin ?? this.options.origin,
      crossOrigin: lie.crossOrigin ?? false,
    };
    return Buffer.from(JSON.stringify(data));
  }

  #authData(rpId: string | undefined, lie: Lie, more = 0): Buffer {
    const { userVerified = true, userPresent = true, synced = this.options.synced ?? true } = lie;
    const hash = createHash('sha256')
      .update(lie.rpId ?? rpId ?? '')
      .digest();
    const backup = synced ? FLAGS.eligible | FLAGS.backedUp : 0;
    const flags = more | backup | (userPresent ? FLAGS.present : 0) | (userVerified ? FLAGS.verified : 0);
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(this.options.synced === false ? this.counter : 0);
    return Buffer.concat([hash, Buffer.from([flags]), counter]);
  }
}

/** The head of a CBOR item (RFC 8949, 3). */
function head(major: number, value: number): Buffer {
  if (value < 24) return Buffer.from([(major << 5) | value]);
  if (value < 256) return Buffer.from([(major << 5) | 24, value]);
  return Buffer.from([(major << 5) | 25, value >> 8, value & 255]);
}

const int = (value: number): Buffer => (value < 0 ? head(1, -1 - value) : head(0, value));
const bytes = (value: Buffer): Buffer => Buffer.concat([head(2, value.length), value]);
const text = (value: string): Buffer => Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
/** A CBOR map of encoded items. */
export const map = (entries: readonly (readonly [Buffer, Buffer])[]): Buffer =>
  Buffer.concat([head(5, entries.length), ...entries.flat()]);
/** A CBOR byte string and text, for statements. */
export const cbor = { bytes, text, int };
