import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { translateDatabaseError } from '../../database/errors/constraint-errors.js';
import { ApiError } from '../../json-api/document/errors.js';

/** Errors of the token endpoint (RFC 6749, section 5.2). */

/** The error codes of the token endpoint that this service has. `temporarily_unavailable` is of section 4.1.2.1. */
export type TokenErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'temporarily_unavailable'
  | 'server_error';

/** An error that the token endpoint answers. */
export class TokenError extends Error {
  constructor(
    readonly code: TokenErrorCode,
    /** ASCII without quotes and backslashes, as section 5.2 has it. */
    readonly description: string,
  ) {
    super(`${code}: ${description}`);
  }
}

/** Statuses that say more than 400. All others of the client are 400. */
const KEPT_STATUSES = new Set([405, 406, 408, 413, 415]);

interface Answer {
  readonly status: number;
  readonly code: TokenErrorCode;
  readonly description: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Writes every error of the token endpoint as section 5.2 has it, in `application/json`. */
@Catch()
export class TokenErrorFilter implements ExceptionFilter {
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
  if (error instanceof TokenError) {
    const isClient = error.code === 'invalid_client';
    const headers = isClient ? { headers: { 'www-authenticate': 'Basic realm="iam"' } } : {};
    return { status: isClient ? 401 : 400, code: error.code, description: error.description, ...headers };
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
