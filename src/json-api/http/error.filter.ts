import {
  Catch,
  HttpException,
  Inject,
  Logger,
  Optional,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errorDocument, MEDIA_TYPE } from '../document/document.js';
import { ERROR_CODES, ApiError, apiError, type ErrorCode } from '../document/errors.js';
import { ResourceRegistry } from '../resource/registry.js';
import { varyBy } from './http.js';
import { ErrorTexts, JSON_API_OPTIONS, type JsonApiOptions } from './options.js';

/** Errors of Fastify and Nest, with the codes of the contract. Anything else is an internal error. */
const BY_STATUS: Readonly<Record<number, { code: ErrorCode; detail: string }>> = {
  400: { code: 'malformed_body', detail: 'The request cannot be read' },
  401: { code: 'unauthenticated', detail: 'Sign in first' },
  403: { code: 'forbidden', detail: 'You may not do this' },
  404: { code: 'not_found', detail: 'There is nothing at this address' },
  405: { code: 'method_not_allowed', detail: 'This address does not take this method' },
  406: { code: 'not_acceptable', detail: 'No acceptable media type' },
  408: { code: 'request_timeout', detail: 'The request did not arrive in time' },
  413: { code: 'payload_too_large', detail: 'The body is larger than 1 MiB' },
  414: { code: 'not_found', detail: 'The address is too long' },
  415: { code: 'unsupported_media_type', detail: 'Send application/vnd.api+json or application/json' },
  429: { code: 'too_many_requests', detail: 'Too many requests' },
  503: { code: 'unavailable', detail: 'Try again shortly' },
};

/** Turns all errors into responses. Private causes are logged, and never leave the service. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger(ErrorFilter.name);

  constructor(
    @Inject(JSON_API_OPTIONS) private readonly options: JsonApiOptions,
    private readonly registry: ResourceRegistry,
    @Optional() private readonly texts?: ErrorTexts,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const exception = this.toException(error);
    if (exception.status >= 500) this.log(exception, request);
    const languages = this.options.languages?.(request) ?? request.headers['accept-language'] ?? '';
    const detailOf = this.texts?.inLanguage(languages);
    const document = errorDocument(exception.errors, request.id, detailOf);
    varyBy(reply, 'Accept-Language');
    void reply.headers(exception.headers).status(exception.status).header('content-type', MEDIA_TYPE).send(document);
  }

  private toException(error: unknown): ApiError {
    if (error instanceof ApiError) return error;
    const status = error instanceof HttpException ? error.getStatus() : statusOf(error);
    const known = BY_STATUS[status];
    if (known) return apiError(known.code, known.detail, undefined, { cause: error });
    return (
      this.options.translate(error, this.registry.attributeName) ??
      apiError('internal_error', 'Something went wrong here', undefined, { cause: error })
    );
  }

  private log(exception: ApiError, request: FastifyRequest): void {
    const title = ERROR_CODES[exception.errors[0].code].title;
    const cause =
      exception.cause instanceof Error ? (exception.cause.stack ?? exception.cause.message) : exception.stack;
    this.logger.error(`${title} (request ${request.id}): ${exception.message}`, cause);
  }
}

/** The status that Fastify gives its own errors; 0 for errors of anything else. */
function statusOf(error: unknown): number {
  if (!(error instanceof Error) || !('statusCode' in error)) return 0;
  return typeof error.statusCode === 'number' ? error.statusCode : 0;
}
