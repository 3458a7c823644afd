import { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import type { Span } from '@opentelemetry/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** The pattern of the address, such as `/accounts/:id`, whatever the method; undefined where there is nothing. */
    readonly routePattern?: string | undefined;
  }
}

/**
 * The context of the current request or job, only for the audit trail, the log, traces, the language of mails and the
 * rate-limit headers of the response. It contains no rights; the actor is an argument (docs/decisions/0011).
 */
export interface RequestContext {
  /** The request's id, as in `X-Request-Id`; undefined in a job. */
  readonly requestId?: string;
  /** Gives the client's address, which few requests need; undefined in a job that no request started. */
  readonly ip?: () => string | undefined;
  /** `Accept-Language` (RFC 9110) as it was sent, or as the job's request sent it. */
  readonly acceptLanguage?: string | undefined;
  /** The span of the request or job; undefined where nothing is traced. */
  readonly span?: Span | undefined;
  /** Points that the rate limits charged for the request; undefined in a job. */
  readonly rateLimit?: RateLimitTally;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Runs a function, and everything that it calls, in a context. */
export const withRequestContext = <Result>(context: RequestContext, work: () => Result): Result =>
  storage.run(context, work);

/** The current context; undefined at start and in timers. */
export const requestContext = (): RequestContext | undefined => storage.getStore();

/**
 * `RateLimit-*` headers as in draft-ietf-httpapi-ratelimit-headers-06, one number each. (Hardly any client knows the
 * structured fields of later drafts.)
 */
export const RATE_LIMIT_HEADERS = ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'] as const;

/** The remaining quota of a rate limit. */
export interface Quota {
  /** Points in a window. */
  readonly limit: number;
  readonly remaining: number;
  /** When the window ends, in ms since the epoch. */
  readonly endsAt: number;
}

/** A point charged for a request. */
export interface Charge {
  readonly key: string;
  readonly windowSeconds: number;
}

/** The points charged for one request, and the headers of its response. */
export class RateLimitTally {
  private charges: Charge[] = [];
  private tightest: Quota | null = null;

  /** @param changed called when there is something to refund, and when the headers change: for most requests never */
  constructor(private readonly changed?: (tally: RateLimitTally) => void) {}

  charge(charge: Charge): void {
    if (this.charges.push(charge) === 1) this.changed?.(this);
  }

  /** Reports a quota to the client; the response has the one with the minimum remaining. */
  report(quota: Quota): void {
    if (this.tightest !== null && quota.remaining > this.tightest.remaining) return;
    this.tightest = quota;
    this.changed?.(this);
  }

  /** A point was already refunded. */
  refunded(key: string): void {
    this.charges = this.charges.filter((charge) => charge.key !== key);
  }

  /** The attempt was evaluated: its points are spent, however the request ends. */
  evaluated(): void {
    this.charges = [];
  }

  /** The points of an attempt that was not evaluated; each is returned once. */
  unspent(): readonly Charge[] {
    const { charges } = this;
    this.charges = [];
    return charges;
  }

  /** The headers of the response; none where nothing was counted. Reset is in seconds from now. */
  headers(): Partial<Record<(typeof RATE_LIMIT_HEADERS)[number], string>> {
    if (this.tightest === null) return {};
    const { limit, remaining, endsAt } = this.tightest;
    return {
      'RateLimit-Limit': String(limit),
      'RateLimit-Remaining': String(remaining),
      'RateLimit-Reset': String(Math.max(1, Math.ceil((endsAt - Date.now()) / 1000))),
    };
  }
}

/**
 * Runs what follows of every request in a context of its own. Hooks that were added before run outside of it.
 * @param addressOf called where the client's address is needed
 * @param tallied called when the rate limits charge a request, and when its headers change
 */
export function provideRequestContext(
  server: FastifyInstance,
  addressOf: (request: FastifyRequest) => string,
  tallied: (tally: RateLimitTally, reply: FastifyReply) => void,
): void {
  server.addHook('onRequest', (request, reply, done) => {
    const { id: requestId, span } = request;
    const acceptLanguage = request.headers['accept-language'];
    const rateLimit = new RateLimitTally((tally) => tallied(tally, reply));
    const ip = (): string => addressOf(request);
    withRequestContext({ requestId, ip, acceptLanguage, span, rateLimit }, done);
  });
}

/**
 * Answers the requests that no route takes, and gives every request its `routePattern`.
 * @param patternOf the pattern of such an address where it takes other methods
 */
export function answerUnrouted(
  server: FastifyInstance,
  patternOf: (address: string) => string | undefined,
  answer: (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void,
): void {
  server.decorateRequest('routePattern', {
    getter(this: FastifyRequest) {
      return isUnrouted(this) ? patternOf(this.url) : this.routeOptions.url;
    },
  });
  server.addHook('onRequest', (request, reply, done) => (isUnrouted(request) ? answer(request, reply, done) : done()));
}

/** `*` is the route of @fastify/cors, for OPTIONS of anything. */
const isUnrouted = ({ is404, routeOptions: { url } }: FastifyRequest): boolean =>
  is404 || url === undefined || url === '*';

/** The status of a request whose client disconnected before the response, as in nginx. */
export const CLIENT_GONE = 499;

type Listener = (request: FastifyRequest, reply: FastifyReply, status: number) => void;

const listeners = new WeakMap<FastifyInstance, Listener[]>();
/** Listeners by connection, for its requests without a response. */
const pending = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls the listener once for each request with its status, when the response has been sent or the client has
 * disconnected. Call this before adding hooks that send responses: these are missed otherwise. Fastify's `onResponse`
 * is not called when the client disconnects first.
 */
export function onRequestEnd(server: FastifyInstance, listener: Listener): void {
  const known = listeners.get(server);
  if (known) {
    known.push(listener);
    return;
  }
  const all = [listener];
  listeners.set(server, all);
  server.addHook('onRequest', (request, reply, done) => {
    whenEnded(request.raw.socket, reply, (status) => notify(all, request, reply, status));
    done();
  });
}

/** Whether a request of a connection waits for its response, or for the end of it: of those that `onRequestEnd` follows. */
export const hasPendingRequest = (socket: Socket): boolean => (pending.get(socket)?.size ?? 0) > 0;

/**
 * Closes a connection that sends one more request while so many wait for their response: those that `onRequestEnd`
 * follows. Call this before adding other hooks: they do not run for such a request.
 * @param exceeded called before a connection is closed
 */
export function limitPending(server: FastifyInstance, max: number, exceeded: (socket: Socket) => void): void {
  server.addHook('onRequest', ({ raw: { socket } }, reply, done) => {
    // Without this one.
    if ((pending.get(socket)?.size ?? 0) < max) return done();
    reply.hijack();
    if (socket.destroyed) return;
    exceeded(socket);
    socket.destroy();
  });
}

/** A response that is queued behind another one on the connection gets no `close` event; the connection does. */
function whenEnded(socket: Socket, { raw: response }: FastifyReply, ended: (status: number) => void): void {
  const ends = pending.get(socket) ?? pendingOn(socket);
  const end = (): void => {
    if (ends.delete(end)) ended(response.writableFinished ? response.statusCode : CLIENT_GONE);
  };
  ends.add(end);
  response.once('close', end);
}

function pendingOn(socket: Socket): Set<() => void> {
  const ends = new Set<() => void>();
  pending.set(socket, ends);
  // Node keeps what was asked for once: the address of a connection that is closed by the time it is needed.
  void socket.remoteAddress;
  socket.once('close', () => {
    for (const end of ends) end();
  });
  return ends;
}

/** Nothing would catch what a listener throws here. */
function notify(all: readonly Listener[], request: FastifyRequest, reply: FastifyReply, status: number): void {
  for (const listener of all) {
    try {
      listener(request, reply, status);
    } catch (error) {
      new Logger('Requests').error(error);
    }
  }
}
