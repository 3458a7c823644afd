/** Patterns and the name that they identify; all patterns of an entry must match. */
type Names = readonly (readonly [RegExp | readonly RegExp[], string])[];

/** In this order, since browsers also include the names of the browsers that they derive from. */
const BROWSERS: Names = [
  [/\bEdg(?:A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS)\//, 'Chrome'],
  [[/\bVersion\/[\d.]+ /, /\bSafari\//], 'Safari'],
];
const SYSTEMS: Names = [
  [/\bWindows\b/, 'Windows'],
  [/\b(?:iPhone|iPad|iPod)\b/, 'iOS'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
];

/** A client other than a browser, such as `curl/8.5.0`. Excludes texts that a mail client could turn into a link. */
const PRODUCT = /^([A-Za-z][\w-]{0,30})\/(\d[\d.]{0,15})(?:\s|$)/;

/**
 * The readable name of a `User-Agent` header (RFC 9110), such as "Firefox, Windows"; empty when it is
 * unknown. Never the header itself, which the client controls and could use to send any text to the account's owner.
 */
export function deviceName(userAgent: string | null): string {
  const text = userAgent ?? '';
  const isIn = (patterns: Names[number][0]) => [patterns].flat().every((pattern) => pattern.test(text));
  const nameIn = (names: Names) => names.find(([patterns]) => isIn(patterns))?.[1] ?? [];
  const known = [nameIn(BROWSERS), nameIn(SYSTEMS)].flat();
  if (known.length > 0) return known.join(', ');
  return PRODUCT.exec(text)?.slice(1).join(' ') ?? '';
}
