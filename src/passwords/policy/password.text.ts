/** Fewest and most characters of a password, counted as Unicode code points after NFC. */
export const PASSWORD_LENGTH = { min: 8, max: 128 } as const;

/**
 * UTF-16 units that are looked at at all. No text of 128 code points is longer in any canonical form, and
 * normalization is quadratic: 1 MiB of stacked accents would hold the event loop for most of a minute.
 */
const MOST_UNITS = PASSWORD_LENGTH.max * 4;

/** NUL, which ends the text in C, and lone surrogates, which UTF-8 cannot carry: two such passwords would be one. */
const UNENCODABLE = /[\0\p{Cs}]/u;

/** True when the text is beyond every canonical form of the longest password. */
export function isBeyondReading(password: string): boolean {
  return password.length > MOST_UNITS;
}

/** True when the text holds characters that no hash can be trusted with. */
export function isUnencodable(password: string): boolean {
  return UNENCODABLE.test(password);
}

/**
 * The form in which a password is judged and hashed: NFC (UAX 15), so that it does not matter on which keyboard an
 * accent was typed. Null when the text cannot be anybody's password.
 */
export function canonicalPassword(password: string): string | null {
  return isBeyondReading(password) || isUnencodable(password) ? null : password.normalize('NFC');
}
