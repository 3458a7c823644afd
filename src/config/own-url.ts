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
