import { getDomain } from 'tldts';
import type { Config } from './config.js';
import { ownUrl } from './own-url.js';

/** The site of an origin as browsers compare it for SameSite cookies: scheme and registrable domain (RFC 6265bis, 5.2). */
function siteOf({ protocol, hostname }: URL): string {
  return `${protocol}//${getDomain(hostname, { allowPrivateDomains: true }) ?? hostname}`;
}

/**
 * A warning for each origin of `CORS_ORIGINS` that is of another site than the service: CORS lets its pages call the
 * API, but browsers send no cookie along (`SameSite=Lax`).
 */
export function crossSiteWarnings({
  appUrl,
  corsOrigins,
  host,
  port,
}: Pick<Config, 'appUrl' | 'corsOrigins' | 'host' | 'port'>): string[] {
  const base = appUrl ?? ownUrl(host, port);
  const own = siteOf(new URL(base));
  return corsOrigins
    .filter((origin) => siteOf(new URL(origin)) !== own)
    .map(
      (origin) =>
        `CORS_ORIGINS names ${origin}, which is another site than ${base}: browsers send it no cookies. Sign in with ` +
        'bearer tokens there, or serve both under one registrable domain and scheme; see docs/browsers.md',
    );
}
