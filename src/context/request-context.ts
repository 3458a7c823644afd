import { AsyncLocalStorage } from 'node:async_hooks';
import type { Span } from '@opentelemetry/api';
import type { RateLimitTally } from './rate-limit-tally.js';

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
