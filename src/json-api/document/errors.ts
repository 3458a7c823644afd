import { cut, LIMITS } from '../limits.js';

/**
 * The one vocabulary of refusals. Services throw these where a fault happens; the error filter renders them.
 * `detail` is public text. What only operators may read goes into `cause`, which is logged and never rendered.
 */

/** Where a fault lies in the request (JSON:API 1.1, error objects). */
export type ErrorSource = { pointer: string } | { parameter: string } | { header: string };

/** Every error code a client can meet, with the status and title that belong to it: one fact, one place. */
export const ERROR_CODES = {
  malformed_body: { status: 400, title: 'Malformed body' },
  invalid_parameter: { status: 400, title: 'Invalid parameter' },
  unauthenticated: { status: 401, title: 'Unauthenticated' },
  invalid_credentials: { status: 401, title: 'Invalid credentials' },
  account_disabled: { status: 401, title: 'Account disabled' },
  invalid_refresh_token: { status: 401, title: 'Invalid refresh token' },
  forbidden: { status: 403, title: 'Forbidden' },
  not_found: { status: 404, title: 'Not found' },
  invalid_token: { status: 404, title: 'Invalid token' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  not_acceptable: { status: 406, title: 'Not acceptable' },
  request_timeout: { status: 408, title: 'Request timeout' },
  conflict: { status: 409, title: 'Conflict' },
  precondition_failed: { status: 412, title: 'Precondition failed' },
  payload_too_large: { status: 413, title: 'Payload too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  validation_failed: { status: 422, title: 'Validation failed' },
  expired_token: { status: 422, title: 'Expired token' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  headers_too_large: { status: 431, title: 'Headers too large' },
  internal_error: { status: 500, title: 'Internal error' },
  unavailable: { status: 503, title: 'Service unavailable' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** One fault: a code, a sentence for the client, and where in the request it lies. */
export interface Fault {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly source?: ErrorSource;
}

/** What an exception may carry besides its faults. */
export interface JsonApiExceptionOptions {
  /** Private: logged, never rendered. */
  cause?: unknown;
  /** Response headers, such as `Retry-After` (in seconds). */
  headers?: Record<string, string>;
}

/** What an error object repeats of the request, it repeats in short. */
function shortened(fault: Fault): Fault {
  const { detail, source } = fault;
  const short = { ...fault, detail: cut(detail, LIMITS.detailCharacters) };
  if (!source) return short;
  const [[kind = '', place = ''] = []] = Object.entries(source);
  return { ...short, source: { [kind]: cut(place, LIMITS.sourceCharacters) } as ErrorSource };
}

/** Of all faults, as many as an answer holds: of more, the last says so. */
function atMost(faults: readonly [Fault, ...Fault[]]): [Fault, ...Fault[]] {
  const [first, ...rest] = faults;
  const isAll = faults.length <= LIMITS.errors;
  const kept = rest.slice(0, isAll ? rest.length : LIMITS.errors - 2).map(shortened);
  const detail = `There are more errors than the ${LIMITS.errors} that an answer holds: correct these first`;
  return [shortened(first), ...kept, ...(isAll ? [] : [{ code: first.code, detail }])];
}

/** A refused request: one or more faults, all of one status, and no more of them than an answer holds. */
export class JsonApiException extends Error {
  readonly faults: readonly [Fault, ...Fault[]];
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(faults: readonly [Fault, ...Fault[]], options: JsonApiExceptionOptions = {}) {
    const told = atMost(faults);
    super(told.map((fault) => `${fault.code}: ${fault.detail}`).join('; '), { cause: options.cause });
    this.name = 'JsonApiException';
    this.faults = told;
    this.status = ERROR_CODES[told[0].code].status;
    this.headers = options.headers ?? {};
  }
}

/** Builds an exception of one fault: `throw refuse('conflict', 'This e-mail is taken', at('email'))`. */
export function refuse(
  code: ErrorCode,
  detail: string,
  source?: ErrorSource,
  options?: JsonApiExceptionOptions,
): JsonApiException {
  return new JsonApiException([source ? { code, detail, source } : { code, detail }], options);
}

/** Throws when there is at least one fault. The faults of one list share one status. */
export function throwFaults(faults: Iterable<Fault>): void {
  const [first, ...rest] = faults;
  if (first) throw new JsonApiException([first, ...rest]);
}

/**
 * Collects what is wrong with a request, and ends its reading when that is more than an answer holds: nobody is told the
 * rest, so nobody looks for it. All parsers of requests report here.
 */
export class FaultList implements Iterable<Fault> {
  private readonly faults: Fault[] = [];
  private full?: JsonApiException;

  get length(): number {
    return this.faults.length;
  }

  [Symbol.iterator](): Iterator<Fault> {
    return (this.full?.faults ?? this.faults)[Symbol.iterator]();
  }

  /** @throws JsonApiException with what was collected, when this is one more than an answer holds */
  push(fault: Fault): void {
    const [first, ...rest] = this.faults;
    if (first && this.faults.length >= LIMITS.errors)
      throw (this.full ??= new JsonApiException([first, ...rest, fault]));
    this.faults.push(fault);
  }

  /** Does work that reports here. It ends, without an error, where no more is taken: something else is told first. */
  fill(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!this.full || error !== this.full) throw error;
    }
  }
}

/** The pointer to an attribute of a JSON:API document. */
export const attributePointer = (name: string): ErrorSource => ({ pointer: `/data/attributes/${name}` });
