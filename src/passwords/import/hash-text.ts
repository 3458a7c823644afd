/** What a hash as another system exports it came to: the form that is stored, or what is wrong. Neither names the other. */
export type HashReading = { readonly format: string; readonly stored: string | null } | { readonly error: string };

/** What to do when a hash cannot be imported. */
export const NO_HASH_WAY = 'leave it out; the owner can set a password with a reset mail';

/** A format that begins like no other. */
interface TextFormat {
  readonly name: string;
  readonly begins: RegExp;
  /** The form that is stored; null where the text is not well-formed. `password.schemes.ts` checks the limits. */
  readonly store: (text: string) => string | null;
}

/** The parameters of scrypt as a PHC string has them: some write N itself where it has the exponent. */
const MAX_EXPONENT = 63;

/**
 * Base64 as PHC strings have it: of the standard's alphabet, without padding. Others write padding, `-_` (RFC 4648,
 * section 5) or `.` for `+` (passlib). Null where it is no base64.
 */
export function phcBase64(text: string): string | null {
  const plain = text
    .replace(/={1,2}$/, '')
    .replaceAll('-', '+')
    .replaceAll('.', '+')
    .replaceAll('_', '/');
  if (!/^[A-Za-z0-9+/]+$/.test(plain) || plain.length % 4 === 1) return null;
  return bare(Buffer.from(plain, 'base64'));
}

/** Bytes as PHC strings have them. */
export const bare = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');

/** log2 of scrypt's N, which is a power of two; null where it is none. */
export function exponentOf(n: number): number | null {
  const exponent = Math.log2(n);
  return Number.isInteger(exponent) && exponent > 0 ? exponent : null;
}

/** `$name$parameters$part$part…` with every part in the base64 of PHC strings; null where one is none. */
export function phc(name: string, parameters: string, ...parts: readonly string[]): string | null {
  const encoded = parts.map(phcBase64);
  return encoded.includes(null) ? null : ['', name, parameters, ...encoded].join('$');
}

const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

/** What the groups of a pattern make; null where the text does not match. */
const matched =
  (pattern: RegExp, make: (...groups: string[]) => string | null) =>
  (text: string): string | null => {
    const groups = pattern.exec(text)?.slice(1);
    return groups ? make(...groups.map((group: string | undefined) => group ?? '')) : null;
  };

/** The exponent of what stands behind `ln=`: itself, or N. */
const readLn = (ln: string): number | null => (Number(ln) <= MAX_EXPONENT ? Number(ln) : exponentOf(Number(ln)));

const scrypt = (name: string, ln: number | null, r: string, p: string, ...parts: string[]): string | null =>
  ln === null ? null : phc(name, `ln=${ln},r=${r},p=${p}`, ...parts);

const argon2id = matched(/^(?:argon2)?(\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+)\$([^$]+)\$([^$]+)$/, (head, salt, hash) => {
  const [saltText, hashText] = [phcBase64(salt), phcBase64(hash)];
  return saltText === null || hashText === null ? null : `${head}$${saltText}$${hashText}`;
});

/** Every format that is text, as the systems that write it document it. */
const FORMATS: readonly TextFormat[] = [
  { name: 'an exported hash of this service', begins: /^\$iam1\$/, store: (text) => text },
  {
    name: 'bcrypt',
    begins: /^(?:bcrypt\$)?\$2[a-z]?\$/,
    store: matched(/^(?:bcrypt\$)?(\$2[aby]\$\d\d\$[./A-Za-z0-9]{53})$/, (hash) => hash),
  },
  {
    name: 'bcrypt_sha256 of Django',
    begins: /^bcrypt_sha256\$/,
    store: matched(/^(bcrypt_sha256\$\$2[aby]\$\d\d\$[./A-Za-z0-9]{53})$/, (hash) => hash),
  },
  { name: 'argon2id', begins: /^(?:argon2)?\$argon2id\$/, store: argon2id },
  {
    name: 'PBKDF2 of Django',
    begins: /^pbkdf2_sha(?:1|256)\$/,
    store: matched(/^pbkdf2_(sha1|sha256)\$(\d+)\$([^$]+)\$([^$]+)$/, (digest, iterations, salt, hash) =>
      phc(`pbkdf2-${digest}`, `i=${iterations}`, utf8(salt), hash),
    ),
  },
  {
    name: 'scrypt of Django',
    begins: /^scrypt\$/,
    store: matched(/^scrypt\$(\d+)\$([^$]+)\$(\d+)\$(\d+)\$([^$]+)$/, (n, salt, r, p, hash) =>
      scrypt('scrypt', exponentOf(Number(n)), r, p, utf8(salt), hash),
    ),
  },
  {
    name: 'PBKDF2',
    begins: /^\$pbkdf2(?:-sha(?:1|256|512))?\$/,
    store: matched(
      /^\$pbkdf2(-sha1|-sha256|-sha512)?\$(?:i=)?(\d+)(?:,l=\d+)?\$([^$]+)\$([^$]+)$/,
      (digest, iterations, salt, hash) => phc(`pbkdf2${digest || '-sha1'}`, `i=${iterations}`, salt, hash),
    ),
  },
  {
    name: 'scrypt',
    begins: /^\$scrypt\$/,
    store: matched(/^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/, (ln, r, p, salt, hash) =>
      scrypt('scrypt', readLn(ln), r, p, salt, hash),
    ),
  },
  {
    name: "Firebase's scrypt",
    begins: /^\$firescrypt\$/,
    store: matched(
      /^\$firescrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([^$]+)\$([^$]+)\$([^$]+)\$([^$]+)$/,
      (ln, r, p, ...parts) => scrypt('firescrypt', readLn(ln), r, p, ...parts),
    ),
  },
];

/** Formats that are known by their beginning, and not imported: too weak, or of no system that we know to write them. */
const REJECTED: readonly (readonly [begins: RegExp, name: string])[] = [
  [/^(?:argon2)?\$argon2[id]\$/, 'argon2i or argon2d'],
  [/^\$pbkdf2-/, 'PBKDF2 with another digest than SHA-1, SHA-256 and SHA-512'],
  [/^\$1\$/, 'MD5 of crypt(3)'],
  [/^\$[56]\$/, 'SHA-2 of crypt(3)'],
  [/^\$y\$/, 'yescrypt'],
  [/^\$P\$|^\$H\$|^\$S\$/, 'phpass'],
  [/^\{[A-Z0-9-]+\}/i, 'a hash of LDAP or Spring with its scheme in braces'],
  [/^(?:unsalted_)?(?:md5|sha1|sha256|sha512)\$|^\$(?:hmac-)?(?:md5|sha1|sha256|sha512)\$/, 'one round of a digest'],
  [/^\$bcrypt-sha(?:256|512)\$/, 'bcrypt-sha256 of passlib'],
  [/^[0-9a-f]{32,128}$/i, 'a digest in hexadecimal'],
];

/** Django's mark of an account without a password. */
const UNUSABLE = /^![A-Za-z0-9]*$/;

/** Every format that is understood, for messages. */
export const KNOWN_FORMATS =
  'bcrypt, argon2id, scrypt and PBKDF2, as Keycloak, Kratos, Auth0, Django and Firebase write them';

/** Reads a hash that is a text. */
export function readHashText(text: string): HashReading {
  if (UNUSABLE.test(text)) return { format: 'no password of Django', stored: null };
  const format = FORMATS.find(({ begins }) => begins.test(text));
  if (format) {
    const stored = format.store(text);
    return stored === null ? { error: `is ${format.name}, and not well-formed` } : { format: format.name, stored };
  }
  const [, rejected] = REJECTED.find(([begins]) => begins.test(text)) ?? [];
  if (rejected !== undefined) return { error: `is ${rejected}, which is not imported: ${NO_HASH_WAY}` };
  return { error: `has no known format; known are ${KNOWN_FORMATS}. Without one of them, ${NO_HASH_WAY}` };
}
