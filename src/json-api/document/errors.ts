import { cut, LIMITS } from '../limits.js';

/**
 * All errors that clients get. Services throw these where an error happens; the error filter renders them.
 * `detail` is public text. What only operators may read goes into `cause`, which is logged and never rendered.
 */

/** Where an error lies in the request (JSON:API 1.1, error objects). */
export type ErrorSource = { pointer: string } | { parameter: string } | { header: string };

/** Every error code that a client can get, with the status and title that belong to it: one fact, one place. */
export const ERROR_CODES = {
  malformed_body: { status: 400, title: 'Malformed body' },
  invalid_parameter: { status: 400, title: 'Invalid parameter' },
  unauthenticated: { status: 401, title: 'Unauthenticated' },
  invalid_credentials: { status: 401, title: 'Invalid credentials' },
  mfa_required: { status: 401, title: 'Second factor required' },
  sso_required: { status: 401, title: 'Identity provider required' },
  account_disabled: { status: 401, title: 'Account disabled' },
  invalid_refresh_token: { status: 401, title: 'Invalid refresh token' },
  forbidden: { status: 403, title: 'Forbidden' },
  mfa_enrolment_required: { status: 403, title: 'Second factor must be added' },
  reauthentication_required: { status: 403, title: 'Reauthentication required' },
  not_found: { status: 404, title: 'Not found' },
  invalid_token: { status: 404, title: 'Invalid token' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  not_acceptable: { status: 406, title: 'Not acceptable' },
  request_timeout: { status: 408, title: 'Request timeout' },
  conflict: { status: 409, title: 'Conflict' },
  confirmation_required: { status: 409, title: 'Confirmation required' },
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

/** What `meta` says beside a rule's name: its limit, what is expected, what is allowed. */
export type RuleParameters = Readonly<Record<string, string | number | readonly string[]>>;

/** Which rule a value breaks, for programs and for texts in other languages than English; see `rules.ts`. */
export interface BrokenRule {
  /** A stable name. */
  readonly rule: string;
  /** What the value is called: an attribute's name, as a rule. */
  readonly name: string;
  readonly parameters: RuleParameters;
}

/** One error: a code, a sentence for the client, and where in the request it lies. */
export interface ErrorObject {
  readonly code: ErrorCode;
  /** In English. Where `broken` is there, a response has it in the client's language. */
  readonly detail: string;
  readonly source?: ErrorSource;
  /** For `validation_failed`: `meta.rule`, and the rule's parameters beside it. */
  readonly broken?: BrokenRule;
  /** More for programs, as `meta` of the error object. */
  readonly meta?: Readonly<Record<string, unknown>>;
}

/** What an exception may carry besides its errors. */
export interface ApiErrorOptions {
  /** Private: logged, never rendered. */
  cause?: unknown;
  /** Response headers, such as `Retry-After` (in seconds). */
  headers?: Record<string, string>;
}

/** What an error object repeats of the request, it repeats in short. */
function shortened(object: ErrorObject): ErrorObject {
  const { detail, source } = object;
  const short = { ...object, detail: cut(detail, LIMITS.detailCharacters) };
  if (!source) return short;
  const [[member = '', place = ''] = []] = Object.entries(source);
  return { ...short, source: { [member]: cut(place, LIMITS.sourceCharacters) } as ErrorSource };
}

/** The first errors, up to the maximum of a response; if there are more, the last one says so. */
function atMost(errors: readonly [ErrorObject, ...ErrorObject[]]): [ErrorObject, ...ErrorObject[]] {
  const [first, ...rest] = errors;
  const isAll = errors.length <= LIMITS.errors;
  const kept = rest.slice(0, isAll ? rest.length : LIMITS.errors - 2).map(shortened);
  const detail = `There are more errors than the ${LIMITS.errors} that a response contains: correct these first`;
  return [shortened(first), ...kept, ...(isAll ? [] : [{ code: first.code, detail }])];
}

/**
 * A rejected request: one or more errors, all of one status, up to the maximum of a response. Only an error of the
 * service has a stack: that of a client's is never logged, and recording it takes a tenth of a response with 403.
 */
export class ApiError extends Error {
  readonly errors: readonly [ErrorObject, ...ErrorObject[]];
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(errors: readonly [ErrorObject, ...ErrorObject[]], options: ApiErrorOptions = {}) {
    const reported = atMost(errors);
    const { status } = ERROR_CODES[reported[0].code];
    const frames = Error.stackTraceLimit;
    if (status < 500) Error.stackTraceLimit = 0;
    super(reported.map((error) => `${error.code}: ${error.detail}`).join('; '), { cause: options.cause });
    Error.stackTraceLimit = frames;
    this.name = 'ApiError';
    this.errors = reported;
    this.status = status;
    this.headers = options.headers ?? {};
  }
}

/** Builds an exception of one error: `throw apiError('conflict', 'This e-mail is taken', at('email'))`. */
export function apiError(code: ErrorCode, detail: string, source?: ErrorSource, options?: ApiErrorOptions): ApiError {
  return new ApiError([source ? { code, detail, source } : { code, detail }], options);
}

/** Throws if there is at least one error. The errors of one list share one status. */
export function throwIfErrors(errors: Iterable<ErrorObject>): void {
  const [first, ...rest] = errors;
  if (first) throw new ApiError([first, ...rest]);
}

/**
 * Collects what is wrong with a request, and stops when there are more errors than a response contains. All parsers
 * of requests add their errors here.
 */
export class ErrorList implements Iterable<ErrorObject> {
  private readonly errors: ErrorObject[] = [];
  private full?: ApiError;

  get length(): number {
    return this.errors.length;
  }

  [Symbol.iterator](): Iterator<ErrorObject> {
    return (this.full?.errors ?? this.errors)[Symbol.iterator]();
  }

  /** @throws ApiError with what was collected, when this is one more than a response contains */
  push(object: ErrorObject): void {
    const [first, ...rest] = this.errors;
    if (first && this.errors.length >= LIMITS.errors) throw (this.full ??= new ApiError([first, ...rest, object]));
    this.errors.push(object);
  }

  /** Runs work that adds errors here. Stops it without throwing when the list is full: other errors are reported first. */
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
