import type { HttpAdapterHost } from '@nestjs/core';
import { getDomain } from 'tldts';
import type { Config } from './config.js';

/** Addresses that a browser on this machine reaches as `localhost`: loopback, and "all interfaces", which none can open. */
const LOCAL = new Set(['127.0.0.1', '::1', '0.0.0.0', '::']);

/**
 * The address of a service that listens on this host and port, as its users should write it. Cookies belong to a site,
 * and `localhost` and `127.0.0.1` are two: with one name everywhere, front ends on this machine share it.
 * @returns a URL without a slash at the end, such as `http://localhost:3000`
 */
export function ownUrl(host: string, port: number): string {
  if (LOCAL.has(host)) return `http://localhost:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * What links to this service start with: `APP_URL`, or its own address. The Host header of a request is never part of it.
 * @param http the running server, for the port that the system assigned for `PORT=0`
 * @returns a URL without a slash at the end
 */
export function baseUrl(
  { appUrl, host, port, publicPath }: Pick<Config, 'appUrl' | 'host' | 'port' | 'publicPath'>,
  http?: HttpAdapterHost,
): string {
  return appUrl ?? `${ownUrl(host, port || assignedPort(http))}${publicPath}`;
}

/**
 * How clients reach this service, as other services are given it: `PUBLIC_URL`, or the origin of `APP_URL` with
 * `PUBLIC_PATH`.
 * @returns a URL without a slash at the end
 */
export function publicUrl(
  config: Pick<Config, 'appUrl' | 'host' | 'port' | 'publicPath' | 'publicUrl'>,
  http?: HttpAdapterHost,
): string {
  return config.publicUrl ?? new URL(baseUrl(config, http)).origin + config.publicPath;
}

function assignedPort(http?: HttpAdapterHost): number {
  const address: unknown = http?.httpAdapter?.getHttpServer()?.address?.();
  if (typeof address !== 'object' || address === null || !('port' in address)) return 0;
  return Number(address.port);
}

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
