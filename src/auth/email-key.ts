/**
 * Longest text that is normalized, in UTF-16 units: more than any address of 254 characters can have. Normalization
 * is quadratic in stacked accents, and sign-in normalizes what strangers send.
 */
const MOST_UNITS = 1024;

/**
 * The form in which two e-mails are the same account: NFKC and case folding of the address, trimmed. Folding is lower,
 * upper, lower case: upper case makes `ß` and `SS` one and both small sigmas, and only lower case before it does the
 * same for `ẞ`. With NFKC around it the key of a key is that key again, for every code point; it is trimmed last, since
 * NFKC makes a space of some accents that stand alone (U+1FBF). NFKC also folds full-width and ligature look-alikes;
 * letters of other scripts that only look alike stay different, as they are different mailboxes. Text that is too long
 * for an address comes back as it is and is nobody's key.
 */
export function emailKey(email: string): string {
  if (email.length > MOST_UNITS) return email;
  return email.normalize('NFKC').toLowerCase().toUpperCase().toLowerCase().normalize('NFKC').trim();
}
