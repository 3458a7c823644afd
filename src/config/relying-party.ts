import { isIP } from 'node:net';
import type { Config } from './config.js';

/** What passkeys are bound to (WebAuthn, 4: Relying Party). */
export interface RelyingParty {
  /** The RP ID: a domain. */
  readonly id: string;
  /** Origins of the pages that may use passkeys. */
  readonly origins: readonly string[];
}

/** Passkeys are off, and why: a sentence that says what to set. */
export interface NoRelyingParty {
  readonly off: string;
}

type Settings = Pick<Config, 'corsOrigins' | 'webauthnRpId'>;

/**
 * The relying party of the configuration. Passkeys are bound to a domain, and browsers offer them in secure contexts only.
 * @param base what links to the service start with: `APP_URL`, or its own address
 */
export function relyingParty({ corsOrigins, webauthnRpId }: Settings, base: string): RelyingParty | NoRelyingParty {
  const { hostname, origin } = new URL(base);
  const id = webauthnRpId ?? hostname;
  if (isAddress(id)) {
    return {
      off:
        `Passkeys are off: ${base} has an IP address, and passkeys are bound to a domain. Set APP_URL to an address ` +
        'with a host name, such as https://iam.example.com, or to http://localhost on this machine',
    };
  }
  const all = originsOf(id, [origin, ...corsOrigins]);
  const origins = all.filter(isSecure);
  if (origins.length > 0) return { id, origins };
  const off =
    all.length > 0
      ? `${base} is http://, and browsers offer them over https:// only. Set APP_URL to the https:// address`
      : `WEBAUTHN_RP_ID is ${id}, and ${base} is not in that domain. Set APP_URL, or remove WEBAUTHN_RP_ID`;
  return { off: `Passkeys are off: ${off}` };
}

/** Those origins whose pages may name this RP ID: their host is that domain, or below it (WebAuthn, 5.1.3). */
export function originsOf(id: string, origins: readonly string[]): string[] {
  const isOf = (host: string): boolean => host === id || (!isAddress(host) && host.endsWith(`.${id}`));
  return [...new Set(origins)].filter((one) => isOf(new URL(one).hostname));
}

const isAddress = (host: string): boolean => isIP(host.replace(/^\[|\]$/g, '')) !== 0;

/** Whether pages of an origin are a secure context (W3C Secure Contexts, 3.1). */
function isSecure(origin: string): boolean {
  const { protocol, hostname } = new URL(origin);
  return protocol === 'https:' || hostname === 'localhost' || hostname.endsWith('.localhost');
}
