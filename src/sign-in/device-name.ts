/** What a name is told by: every one of the patterns, of which none reads on from where another one matched. */
type Names = readonly (readonly [RegExp | readonly RegExp[], string])[];

/** In this order: browsers call themselves by the names of those that they descend from, too. */
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

/** A program that is no browser, such as `curl/8.5.0`. Nothing that a mail reader could take for a link. */
const PRODUCT = /^([A-Za-z][\w-]{0,30})\/(\d[\d.]{0,15})(?:\s|$)/;

/**
 * What people call the device behind a `User-Agent` header (RFC 9110), such as "Firefox, Windows"; empty when it tells
 * nothing. Never the header itself: whoever signs in has written it, and could write anything to the account's owner.
 */
export function deviceName(userAgent: string | null): string {
  const text = userAgent ?? '';
  const isIn = (patterns: Names[number][0]) => [patterns].flat().every((pattern) => pattern.test(text));
  const nameIn = (names: Names) => names.find(([patterns]) => isIn(patterns))?.[1] ?? [];
  const known = [nameIn(BROWSERS), nameIn(SYSTEMS)].flat();
  if (known.length > 0) return known.join(', ');
  return PRODUCT.exec(text)?.slice(1).join(' ') ?? '';
}
