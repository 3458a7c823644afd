import { domainToASCII, domainToUnicode } from 'node:url';

/**
 * Maximum length of text that is normalized, in UTF-16 units: more than any address of 254 characters can have. Normalization
 * is quadratic in stacked accents, and sign-in normalizes text of unauthenticated clients.
 */
const MAX_UNITS = 1024;

/** Maximum length of a domain name and of a label in ASCII form, in octets (RFC 1035, 2.3.4). */
const MAX_DOMAIN = 253;
const MAX_LABEL = 63;

/** In ASCII, nothing but letters, digits, hyphens and dots; other characters are checked by UTS 46. */
const FIT_FOR_A_DOMAIN = /^(?:[a-z\d.-]|[^\0-\x7f])+$/i;
const LABEL = /^(?!-)[a-z\d-]+(?<!-)$/;

/**
 * A domain in ASCII form, as the DNS knows it: UTS 46, non-transitional (`bücher.example` is `xn--bcher-kva.example`,
 * and `straße.example` is not `strasse.example`). Null for text that is not a domain of an e-mail address, such as one with an
 * empty label, with invalid Punycode or with a number for its last label, which would be an IP address.
 */
export function asciiDomain(domain: string): string | null {
  if (domain.length > MAX_UNITS || !FIT_FOR_A_DOMAIN.test(domain)) return null;
  // One by one: a whole word would get a final sigma, which UTS 46 distinguishes from the other one. Some capitals are unknown to
  // the tables of older releases, which know their small letters.
  const ascii = domainToASCII(Array.from(domain, (char) => char.toLowerCase()).join(''));
  if (ascii === '' || ascii.length > MAX_DOMAIN) return null;
  const labels = ascii.split('.');
  if (!labels.every((label) => label.length <= MAX_LABEL && LABEL.test(label))) return null;
  if (/^\d+$/.test(labels.at(-1) ?? '')) return null;
  // Punycode of what needs none, such as xn--abc-, is a second spelling of a name, which the DNS does not know.
  return domainToASCII(domainToUnicode(ascii)) === ascii ? ascii : null;
}

/** Upper and lower case are one, and so are compatible spellings: full-width letters, ligatures, the long s. */
const fold = (text: string): string =>
  text.normalize('NFKC').toLowerCase().toUpperCase().toLowerCase().normalize('NFKC').trim();

/**
 * The form in which two e-mails are the same account: the local part by NFKC and case folding, the domain in ASCII form.
 * Folding is lower, upper, lower case: upper case makes `ß` and `SS` one and both small sigmas, and only lower case
 * before it does the same for `ẞ`. With NFKC around it the key of a key is that key again, for every code point; it is
 * trimmed last, since NFKC makes a space of some accents that stand alone (U+1FBF). Letters of other scripts that only
 * look alike stay different, as they are different mailboxes. Text that is too long for an address comes back as it is,
 * and text without a domain folded: no account has such a key, since every key has a domain.
 */
export function emailKey(email: string): string {
  if (email.length > MAX_UNITS) return email;
  const text = email.normalize('NFKC').trim();
  const at = text.lastIndexOf('@');
  const domain = at < 0 ? null : asciiDomain(text.slice(at + 1));
  return domain === null ? fold(text) : `${fold(text.slice(0, at))}@${domain}`;
}
