import type { FastifyInstance, FastifyRequest } from 'fastify';
import { PinoLogger } from 'nestjs-pino';
import { onRequestEnd } from '../context/request-context.js';
import { cut } from '../json-api/limits.js';

/** Stands in the log in the place of a token that a path carries. */
const TOKEN = '{token}';
/** A run of characters that may be a token: ours have 43. What is left of a token that was cut shorter cannot be guessed. */
const TOKEN_LIKE = /[\w~-]{24,}/g;
/** What a path cannot hold as it is: decoded, it would begin a line of its own, or take six bytes in JSON. */
const UNPRINTABLE = /[^\x21-\x7e]/gu;
const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
/** In characters; a URL has up to 16 KiB. */
const MAX_PATH_CHARACTERS = 500;
/** `%2561` is read as `a` by whoever decodes twice. */
const MAX_DECODINGS = 3;

/**
 * A URL as it may be logged: its path without the query, which carries tokens and filters by secrets, and without the
 * tokens that a path may carry, however it is spelled, and cut where it is longer than 500 characters. `pattern` is the
 * route's, such as `/accounts/:token/join`.
 */
export function loggedPath(url: string, pattern?: string): string {
  const names = pattern?.split('/') ?? [];
  const segments = (url.split(/[?#]/, 1)[0] ?? '').split('/');
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

/** The places between `accounts` and `join`, also where the request misses that route. */
function tokensToJoin(decoded: readonly string[]): ReadonlySet<number> {
  const filled = [...decoded.keys()].filter((index) => decoded[index] !== '');
  const text = (at: number): string => decoded[filled[at] ?? -1] ?? '';
  const places = filled.filter((_, at) => /^accounts$/i.test(text(at - 1)) && /^join/i.test(text(at + 1)));
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

/** A request as it may be logged. */
export function requestSummary({ id, method, url }: Pick<FastifyRequest, 'id' | 'method' | 'url'>) {
  return { id, method, path: loggedPath(url) };
}

/**
 * Logs one line a request, when its answer has been sent or its client has gone. Health checks that succeed leave none.
 * @param more what else the line says, such as who is signed in; asked after the guards
 */
export function logRequests(
  server: FastifyInstance,
  logger: PinoLogger,
  more: (request: FastifyRequest) => object,
): void {
  onRequestEnd(server, (request, reply, status) => {
    const { id, method, url, routeOptions } = request;
    if (status < 400 && routeOptions.url?.startsWith('/health/')) return;
    const level = status >= 500 ? 'error' : 'info';
    if (!logger.logger.isLevelEnabled(level)) return;
    const path = loggedPath(url, routeOptions.url);
    const durationMs = Math.round(reply.elapsedTime * 10) / 10;
    const line = { requestId: id, method, path, status, durationMs, ...more(request) };
    logger[level](line, `${method} ${path} ${status}`);
  });
}
