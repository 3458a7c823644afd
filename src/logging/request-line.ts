import type { FastifyInstance, FastifyRequest } from 'fastify';
import { PinoLogger } from 'nestjs-pino';
import { onRequestEnd } from '../context/request-context.js';
import { cut } from '../json-api/limits.js';

/** Replaces a token of a path in the log. */
const TOKEN = '{token}';
/** A sequence that may be a token: ours have 43 characters. The missing part of a shorter one cannot be guessed. */
const TOKEN_LIKE = /[\w~-]{24,}/g;
/** Characters that are not logged raw: a decoded one could start a new line, or take six bytes in JSON. */
const UNPRINTABLE = /[^\x21-\x7e]/gu;
const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
/** In characters; a URL has up to 16 KiB. */
const MAX_PATH_CHARACTERS = 500;
/** Decoding twice turns `%2561` into `a`. */
const MAX_DECODINGS = 3;

/**
 * The path of a URL for the log: without the query, which may have tokens and secret filter values, without tokens in
 * the path, in any encoding, and at most 500 characters. `pattern` is the route's, such as `/accounts/:token/join`.
 */
export function loggedPath(url: string, pattern?: string): string {
  const names = pattern?.split('/') ?? [];
  // So many segments are longer than what is logged, and the rest is cut anyway.
  const segments = (url.split(/[?#]/, 1)[0] ?? '').split('/', MAX_PATH_CHARACTERS + 2);
  const decoded = segments.map(decode);
  const joined = tokensToJoin(decoded);
  const path = segments
    .map((segment, index) => {
      const text = decoded[index] ?? segment;
      if (names[index] === text) return segment;
      if (names[index] === ':token' || joined.has(index)) return TOKEN;
      const masked = text.replace(TOKEN_LIKE, (run) => (UUID.test(run) ? run : TOKEN));
      return masked === text ? segment : masked.replace(UNPRINTABLE, encodeURIComponent);
    })
    .join('/');
  return cut(path, MAX_PATH_CHARACTERS);
}

/** The segments between `accounts` and `join` or `invitation`, also where the route does not match. */
function tokensToJoin(decoded: readonly string[]): ReadonlySet<number> {
  const filled = [...decoded.keys()].filter((index) => decoded[index] !== '');
  const text = (at: number): string => decoded[filled[at] ?? -1] ?? '';
  const places = filled.filter(
    (_, at) => /^accounts$/i.test(text(at - 1)) && /^(?:join|invitation)/i.test(text(at + 1)),
  );
  return new Set(places);
}

function decode(segment: string): string {
  let text = segment;
  for (let times = 0; times < MAX_DECODINGS && text.includes('%'); times++) {
    try {
      text = decodeURIComponent(text);
    } catch {
      break;
    }
  }
  return text;
}

/** The fields of a request for the log. */
export function requestSummary({ id, method, url }: Pick<FastifyRequest, 'id' | 'method' | 'url'>) {
  return { id, method, path: loggedPath(url) };
}

/**
 * Logs one line per request, when the response has been sent or the client has disconnected. Successful health checks
 * are not logged.
 * @param more further fields, such as the actor; called after the guards
 */
export function logRequests(
  server: FastifyInstance,
  logger: PinoLogger,
  more: (request: FastifyRequest) => object,
): void {
  onRequestEnd(server, (request, reply, status) => {
    const { id, method, url, routePattern } = request;
    if (status < 400 && routePattern?.startsWith('/health/')) return;
    const level = status >= 500 ? 'error' : 'info';
    if (!logger.logger.isLevelEnabled(level)) return;
    const path = loggedPath(url, routePattern);
    const durationMs = Math.round(reply.elapsedTime * 10) / 10;
    const line = { requestId: id, method, path, status, durationMs, ...more(request) };
    logger[level](line, `${method} ${path} ${status}`);
  });
}
