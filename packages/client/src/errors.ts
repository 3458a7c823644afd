import type { ErrorCode, Rule } from './generated/api.js';

export type { ErrorCode, Rule };

/** One error of a response (JSON:API 1.1). */
export interface ErrorObject {
  /** Id of the request, which finds it in the service's log. */
  readonly id: string;
  readonly status: string;
  readonly code: ErrorCode;
  readonly title: string;
  /** For people, in the language of the request where the service has it. */
  readonly detail: string;
  readonly source?: { readonly pointer?: string; readonly parameter?: string; readonly header?: string };
  /** `rule` of `validation_failed`, with its numbers; what else the error has for programs. */
  readonly meta?: { readonly rule?: Rule; readonly [name: string]: unknown };
}

/** What everything that a call throws has in common, apart from the `reason` of an `AbortSignal`. */
export class IamError extends Error {
  override readonly name: string = 'IamError';
}

/** There was no response: the network, DNS, TLS, CORS, or a connection that broke off. */
export class ConnectionError extends IamError {
  override readonly name: string = 'ConnectionError';
}

/** An attempt took longer than `timeout`. */
export class TimeoutError extends ConnectionError {
  override readonly name = 'TimeoutError';
}

/** The service rejected the request. */
export class ApiError extends IamError {
  override readonly name: string = 'ApiError';

  constructor(
    readonly status: number,
    readonly errors: readonly ErrorObject[],
    readonly headers: Headers,
  ) {
    super(errors.map(({ detail }) => detail).join('\n') || `The service answered ${status}`);
  }

  /** The code of the first error. */
  get code(): ErrorCode | undefined {
    return this.errors[0]?.code;
  }

  /** Id of the request, in the service's log. */
  get requestId(): string | null {
    return this.headers.get('x-request-id');
  }

  /** Seconds to wait before the next attempt, where the service says so. */
  get retryAfter(): number | undefined {
    return Number(this.headers.get('retry-after') ?? undefined) || undefined;
  }

  /** The errors at a place of the request: a JSON pointer into the body, or the name of a parameter or a header. */
  at(place: string): ErrorObject[] {
    return this.errors.filter(({ source }) => Object.values(source ?? {}).includes(place));
  }

  /** The rules that an attribute, or a member of a flat body, breaks. */
  rules(name: string): Rule[] {
    const places = [`/data/attributes/${name}`, `/${name}`];
    return places.flatMap((place) => this.at(place)).flatMap(({ meta }) => meta?.rule ?? []);
  }

  /** The first rule that an attribute, or a member of a flat body, breaks: `error.rule('password')`. */
  rule(name: string): Rule | undefined {
    return this.rules(name)[0];
  }
}

/** 400: a parameter or a body that the service cannot read. */
export class BadRequestError extends ApiError {
  override readonly name = 'BadRequestError';
}
/** 401: no credentials, or wrong ones. */
export class UnauthenticatedError extends ApiError {
  override readonly name = 'UnauthenticatedError';
}
/** 403: signed in, but not allowed; or a fresh sign-in or a second factor is missing. */
export class ForbiddenError extends ApiError {
  override readonly name = 'ForbiddenError';
}
/** 404: not there, or out of scope. */
export class NotFoundError extends ApiError {
  override readonly name = 'NotFoundError';
}
/** 409: taken, or it has to be confirmed. */
export class ConflictError extends ApiError {
  override readonly name = 'ConflictError';
}
/** 412: changed since it was read. */
export class PreconditionFailedError extends ApiError {
  override readonly name = 'PreconditionFailedError';
}
/** 422: `rule` and `at` say what is wrong. */
export class ValidationError extends ApiError {
  override readonly name = 'ValidationError';
}
/** 429: too many attempts; `retryAfter`. */
export class RateLimitError extends ApiError {
  override readonly name = 'RateLimitError';
}
/** 500 and above. */
export class ServerError extends ApiError {
  override readonly name = 'ServerError';
}

const CLASSES: Readonly<Record<number, typeof ApiError>> = {
  400: BadRequestError,
  401: UnauthenticatedError,
  403: ForbiddenError,
  404: NotFoundError,
  409: ConflictError,
  412: PreconditionFailedError,
  422: ValidationError,
  429: RateLimitError,
};

/** The error of a response that is no success. */
export function errorOf(status: number, document: unknown, headers: Headers): ApiError {
  const { errors = [] } = (document ?? {}) as { errors?: ErrorObject[] };
  return new (CLASSES[status] ?? (status >= 500 ? ServerError : ApiError))(status, errors, headers);
}
