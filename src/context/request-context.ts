import { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import type { Span } from '@opentelemetry/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/**
 * Where the work that runs now comes from: for the audit trail, the log, the traces, the language of mails and the
 * rate-limit headers of the answer, and for nothing else.
 * Rights never come out of here; the actor is an argument (docs/decisions/0011).
 */
export interface RequestContext {
  /** The request's id, as in `X-Request-Id`; undefined in a job. */
  readonly requestId?: string;
  /** The client's address; undefined in a job. */
  readonly ip?: string;
  /** `Accept-Language` (RFC 9110) as it was sent, or as the job's request sent it. */
  readonly acceptLanguage?: string | undefined;
  /** The span of the request or job; undefined where nothing is traced. */
  readonly span?: Span | undefined;
  /** What the request was charged by the limits; undefined in a job. */
  readonly rateLimit?: RateLimitTally;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Does work, and all that it leads to, with its context at hand. */
export const withRequestContext = <Result>(context: RequestContext, work: () => Result): Result =>
  storage.run(context, work);

/** The context of the work that runs now; undefined at boot and in what recurs. */
export const requestContext = (): RequestContext | undefined => storage.getStore();

/**
 * `RateLimit-*` headers in the form of draft-ietf-httpapi-ratelimit-headers-06, one number each: what clients read today.
 * (Later drafts put them into structured fields that hardly any client knows.)
 */
export const RATE_LIMIT_HEADERS = ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'] as const;

/** What one request has left of a budget. */
export interface Quota {
  /** Points in a window. */
  readonly limit: number;
  readonly remaining: number;
  /** When the window ends, in ms since the epoch. */
  readonly endsAt: number;
}

/** A point that a request was charged. */
export interface Charge {
  readonly key: string;
  readonly windowSeconds: number;
}

/** What one request was charged, and what its answer says of that. */
export class RateLimitTally {
  private charges: Charge[] = [];
  private tightest: Quota | null = null;

  charge(charge: Charge): void {
    this.charges.push(charge);
  }

  /** Tells the client of a budget; the one with the least left is what the answer says. */
  tell(quota: Quota): void {
    if (this.tightest === null || quota.remaining <= this.tightest.remaining) this.tightest = quota;
  }

  /** A point was given back already. */
  refunded(key: string): void {
    this.charges = this.charges.filter((charge) => charge.key !== key);
  }

  /** The attempt was evaluated: its points are spent, however the request ends. */
  evaluated(): void {
    this.charges = [];
  }

  /** The points of an attempt that was not evaluated; each is given out once. */
  unspent(): readonly Charge[] {
    const { charges } = this;
    this.charges = [];
    return charges;
  }

  /** The headers of the answer; none where nothing was counted. Reset is in seconds from now. */
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

/** The status of a request whose client had gone before its answer: nobody got one. nginx counts them so. */
export const CLIENT_GONE = 499;

type Listener = (request: FastifyRequest, reply: FastifyReply, status: number) => void;

const listeners = new WeakMap<FastifyInstance, Listener[]>();
/** What is to be done when a connection closes, for each of its requests that have no answer yet. */
const pending = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls the listener once for each request, when its answer has been sent or its client has gone, with its status. To be
 * called before hooks that answer by themselves are added: what they answer is not heard of otherwise. Fastify's own
 * `onResponse` is not called when the client goes first.
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
    whenEnded(request.raw.socket, reply, (status) => tell(all, request, reply, status));
    done();
  });
}

/** An answer that waits for another one on the same connection hears nothing of its end; the connection does. */
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
  socket.once('close', () => {
    for (const end of ends) end();
  });
  return ends;
}

/** Nothing would catch what a listener throws here. */
function tell(all: readonly Listener[], request: FastifyRequest, reply: FastifyReply, status: number): void {
  for (const listener of all) {
    try {
      listener(request, reply, status);
    } catch (error) {
      new Logger('Requests').error(error);
    }
  }
}
