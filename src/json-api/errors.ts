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
  conflict: { status: 409, title: 'Conflict' },
  precondition_failed: { status: 412, title: 'Precondition failed' },
  payload_too_large: { status: 413, title: 'Payload too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  validation_failed: { status: 422, title: 'Validation failed' },
  expired_token: { status: 422, title: 'Expired token' },
  too_many_requests: { status: 429, title: 'Too many requests' },
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

/** A refused request: one or more faults, all of one status. */
export class JsonApiException extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly faults: readonly [Fault, ...Fault[]],
    options: JsonApiExceptionOptions = {},
  ) {
    super(faults.map((fault) => `${fault.code}: ${fault.detail}`).join('; '), { cause: options.cause });
    this.name = 'JsonApiException';
    this.status = ERROR_CODES[faults[0].code].status;
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
export function throwFaults(faults: readonly Fault[]): void {
  const [first, ...rest] = faults;
  if (first) throw new JsonApiException([first, ...rest]);
}

/** The pointer to an attribute of a JSON:API document. */
export const attributePointer = (name: string): ErrorSource => ({ pointer: `/data/attributes/${name}` });
