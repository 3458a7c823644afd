import { isObject } from '../../json-api/resource/field-types.js';
import type { FirebaseHashConfig } from './firebase.js';
import { bare, exponentOf, NO_HASH_WAY, phc, readHashText, type HashReading } from './hash-text.js';

type Members = Readonly<Record<string, unknown>>;

/** Keycloak writes these as JSON within JSON. */
function objectOf(value: unknown): Members {
  if (isObject(value)) return value;
  if (typeof value !== 'string') return {};
  try {
    const parsed: unknown = JSON.parse(value);
    return isObject(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const wholeOf = (value: unknown, otherwise = Number.NaN): number =>
  value === undefined ? otherwise : Number.isInteger(value) ? Number(value) : Number.NaN;

const read = (format: string, stored: string | null): HashReading =>
  stored === null ? { error: `is ${format}, and not well-formed` } : { format, stored };

/** Keycloak's additional parameters are lists of one text. */
const parameterOf = (parameters: Members, name: string): string => {
  const value: unknown = parameters[name];
  return textOf(Array.isArray(value) ? value[0] : value);
};

/** A credential of Keycloak's export of a realm: the salt stands beside the hash, and the parameters in a text of their own. */
function readKeycloak({ secretData, credentialData }: Members): HashReading {
  const { value, salt } = objectOf(secretData);
  const { hashIterations, algorithm, additionalParameters } = objectOf(credentialData);
  const iterations = wholeOf(hashIterations);
  const parts = [textOf(salt), textOf(value)] as const;
  const format = `${typeof algorithm === 'string' ? shown(algorithm) : 'a hash without algorithm'} of Keycloak`;
  if (algorithm === 'argon2') {
    const parameters = objectOf(additionalParameters);
    const [type, version] = [parameterOf(parameters, 'type'), parameterOf(parameters, 'version')];
    if (type !== 'id' || version !== '1.3')
      return { error: `is ${format} of another type than id 1.3: ${NO_HASH_WAY}` };
    const [memory, lanes] = [parameterOf(parameters, 'memory'), parameterOf(parameters, 'parallelism')];
    return read(format, phc('argon2id$v=19', `m=${memory},t=${iterations},p=${lanes}`, ...parts));
  }
  const digest = KEYCLOAK_DIGESTS.get(textOf(algorithm));
  if (digest === undefined) return { error: `is ${format}, which is not imported: ${NO_HASH_WAY}` };
  return read(format, phc(`pbkdf2-${digest}`, `i=${iterations}`, ...parts));
}

const KEYCLOAK_DIGESTS: ReadonlyMap<string, string> = new Map([
  ['pbkdf2', 'sha1'],
  ['pbkdf2-sha256', 'sha256'],
  ['pbkdf2-sha512', 'sha512'],
]);

/** Auth0's `custom_password_hash`: a text as others write it, or scrypt with its salt and its parameters beside it. */
function readAuth0({ algorithm, hash, salt, password, ...parameters }: Members): HashReading {
  const format = `${shown(textOf(algorithm))} of Auth0`;
  const { value, encoding } = objectOf(hash);
  if (!['utf8', undefined].includes(objectOf(password)['encoding'] as undefined)) {
    return { error: `is ${format} of a password that is not UTF-8: ${NO_HASH_WAY}` };
  }
  if (algorithm === 'bcrypt' || algorithm === 'argon2' || algorithm === 'pbkdf2') return readHashText(textOf(value));
  if (algorithm !== 'scrypt') return { error: `is ${format}, which is not imported: ${NO_HASH_WAY}` };
  const { value: saltText, encoding: saltEncoding = 'utf8' } = objectOf(salt);
  const [saltBytes, bytes] = [decode(saltText, saltEncoding), decode(value, encoding)];
  const { keylen, cost, blockSize, parallelization } = parameters;
  const ln = exponentOf(wholeOf(cost, 16_384));
  const [r, p] = [wholeOf(blockSize, 8), wholeOf(parallelization, 1)];
  const fits = ln !== null && r > 0 && p > 0 && bytes.length === wholeOf(keylen, bytes.length);
  return read(format, fits ? phc('scrypt', `ln=${ln},r=${r},p=${p}`, bare(saltBytes), bare(bytes)) : null);
}

/** The bytes of a text; none where the encoding is not one of Auth0's. */
function decode(value: unknown, encoding: unknown): Buffer {
  if (encoding !== 'base64' && encoding !== 'hex' && encoding !== 'utf8') return Buffer.alloc(0);
  return Buffer.from(textOf(value), encoding);
}

/** A user of Firebase's export. */
function readFirebase({ passwordHash, salt }: Members, config: FirebaseHashConfig | null): HashReading {
  const format = "Firebase's scrypt";
  if (config === null) return { error: `is ${format}, which needs --firebase-hash-config FILE` };
  const { signerKey, saltSeparator, rounds, memCost } = config;
  const parts = [textOf(salt), textOf(passwordHash), saltSeparator, signerKey] as const;
  return read(format, phc('firescrypt', `ln=${memCost},r=${rounds},p=1`, ...parts));
}

/** Keycloak's list of credentials: its password, if there is one; others are second factors. */
const passwordIn = (credentials: readonly unknown[]): unknown =>
  credentials.find((credential) => isObject(credential) && credential['type'] === 'password') ?? null;

/** A name out of a file, for a message. */
const shown = (name: string): string => (/^[\w-]{1,40}$/.test(name) ? name : 'a hash of an unknown algorithm');

/** Reads a hash whose salt and parameters stand beside it. */
export function readHashObject(value: object, firebase: FirebaseHashConfig | null): HashReading {
  if (Array.isArray(value)) {
    const password = passwordIn(value);
    return isObject(password) ? readKeycloak(password) : { format: 'no password of Keycloak', stored: null };
  }
  const members: Members = { ...value };
  if ('secretData' in members || 'credentialData' in members) return readKeycloak(members);
  if ('algorithm' in members) return readAuth0(members);
  if ('passwordHash' in members) return readFirebase(members, firebase);
  return {
    error:
      "is an object, and neither a credential of Keycloak (secretData, credentialData), Auth0's custom_password_hash " +
      '(algorithm, hash) nor a hash of Firebase (passwordHash, salt)',
  };
}
