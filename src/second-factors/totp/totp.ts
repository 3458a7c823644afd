import { Secret, TOTP } from 'otpauth';
import { encode, renderUnicodeCompact } from 'uqr';

/** Codes after RFC 6238, as every authenticator app computes them. */
const SETTINGS = { algorithm: 'SHA1', digits: 6, period: 30 } as const;
/** In bytes: 160 bits, as RFC 4226, section 4 recommends. */
const KEY_BYTES = 20;
/** How many steps of 30 s a clock may be ahead or behind. */
const WINDOW = 1;

/** What an authenticator app needs to know of a new key. */
export interface TotpKey {
  /** In base32 (RFC 4648), for typing it in. */
  readonly secret: string;
  /** `otpauth://totp/…`, which the QR code contains. */
  readonly uri: string;
  /** The QR code, as SVG. */
  readonly qr: string;
}

/**
 * Makes a key.
 * @param issuer name of the service
 * @param label e-mail of the account; the app shows both
 */
export function newTotpKey(issuer: string, label: string): TotpKey {
  return totpKey(new Secret({ size: KEY_BYTES }).base32, issuer, label);
}

/** The same for an existing key. @param secret in base32 */
export function totpKey(secret: string, issuer: string, label: string): TotpKey {
  const uri = new TOTP({ ...SETTINGS, issuer, label, secret: Secret.fromBase32(secret) }).toString();
  return { secret, uri, qr: qrCode(uri) };
}

/** Width of the border of a QR code, in modules (ISO/IEC 18004, 9.1). */
const BORDER = 4;

/** The dark modules of a QR code. */
export interface QrShape {
  /** Width and height with the border, in modules. */
  readonly size: number;
  /** Path data of SVG: one rectangle for each run of dark modules in a row. */
  readonly path: string;
}

/** A QR code as a shape, for a page that draws it. */
export function qrShape(text: string): QrShape {
  const { data, size } = encode(text, { border: BORDER });
  const rows = data.flatMap((row, y) =>
    [
      ...row
        .map((isDark) => (isDark ? 'x' : ' '))
        .join('')
        .matchAll(/x+/g),
    ].map(({ index, 0: run }) => `M${index} ${y}h${run.length}v1h-${run.length}z`),
  );
  return { size, path: rows.join('') };
}

/** A QR code as an SVG image. */
export function qrCode(text: string): string {
  const { size, path } = qrShape(text);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges">`;
  return `${svg}<path fill="#fff" d="M0 0h${size}v${size}H0z"/><path d="${path}"/></svg>`;
}

/** A QR code for a terminal: lines of blocks, each two rows of modules high, which are drawn where a module is light. */
export const qrLines = (text: string): string[] => renderUnicodeCompact(text, { border: BORDER }).split('\n');

/** Whether a text has the form of a key of this service. */
export const isTotpSecret = (text: string): boolean => /^[A-Z2-7]{32}$/.test(text);

/** The key in groups of four, for people who type it in. */
export const grouped = (secret: string): string => secret.replace(/(.{4})(?=.)/g, '$1 ');

/**
 * The number of the step that a code belongs to; null when it belongs to no step within the tolerance.
 * @param at in ms since the epoch
 */
export function stepOf(code: string, secret: string, at: number): number | null {
  const delta = TOTP.validate({
    ...SETTINGS,
    token: code,
    secret: Secret.fromBase32(secret),
    timestamp: at,
    window: WINDOW,
  });
  return delta === null ? null : TOTP.counter({ period: SETTINGS.period, timestamp: at }) + delta;
}
