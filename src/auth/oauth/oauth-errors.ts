import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { ApiResponse } from '../../json-api/openapi/decorators.js';
import type { FastifyReply } from 'fastify';
import { translateDatabaseError } from '../../database/errors/constraint-errors.js';
import { ApiError } from '../../json-api/document/errors.js';

/** Errors of endpoints that other protocols than JSON:API define: those of RFC 6749, section 5.2. */

/** The error codes that this service has. `temporarily_unavailable` is of section 4.1.2.1. */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'temporarily_unavailable'
  | 'server_error';

/** An error of such an endpoint. */
export class OAuthError extends Error {
  constructor(
    readonly code: OAuthErrorCode,
    /** ASCII without quotes and backslashes, as section 5.2 has it. */
    readonly description: string,
  ) {
    super(`${code}: ${description}`);
  }
}

/** Codes whose errors are not 400. */
const OTHER_STATUSES: Partial<Record<OAuthErrorCode, Pick<Answer, 'status' | 'headers'>>> = {
  invalid_client: { status: 401, headers: { 'www-authenticate': 'Basic realm="iam"' } },
  temporarily_unavailable: { status: 503, headers: { 'retry-after': '10' } },
};
/** Statuses that say more than 400. All others of the client are 400. */
const KEPT_STATUSES = new Set([405, 406, 408, 413, 415]);

interface Answer {
  readonly status: number;
  readonly code: OAuthErrorCode;
  readonly description: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Writes every error of an endpoint as section 5.2 has it, in `application/json`. */
@Catch()
export class OAuthErrorFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const { status, code, description, headers = {} } = answerOf(error);
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    void reply
      .status(status)
      .headers({ ...NOT_STORED, ...headers, 'content-type': 'application/json' })
      .send({ error: code, error_description: description });
  }
}

/** Section 5.1: neither tokens nor errors are stored. */
export const NOT_STORED = { 'cache-control': 'no-store', pragma: 'no-cache' };

function answerOf(error: unknown): Answer {
  if (error instanceof OAuthError) {
    const { code, description } = error;
    return { status: 400, code, description, ...OTHER_STATUSES[code] };
  }
  const known = error instanceof ApiError ? error : translateDatabaseError(error);
  const status = known?.status ?? (error instanceof HttpException ? error.getStatus() : 500);
  const headers = known?.headers ?? {};
  if (status === 429 || status === 503) {
    return { status, code: 'temporarily_unavailable', description: 'Try again later', headers };
  }
  if (status >= 500) return { status: 500, code: 'server_error', description: 'Something went wrong here', headers };
  const description =
    known?.errors[0].detail.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '') ?? 'The request is not valid';
  return { status: KEPT_STATUSES.has(status) ? status : 400, code: 'invalid_request', description, headers };
}

const SCHEMA = {
  type: 'object',
  properties: { error: { type: 'string' }, error_description: { type: 'string' } },
  required: ['error'],
};

/** Describes an error of such an endpoint in OpenAPI. */
export const OAuthErrorResponse = (status: number, description: string): MethodDecorator =>
  ApiResponse({ status, description, content: { 'application/json': { schema: SCHEMA as object } } });
