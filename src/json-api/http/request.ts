import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Criteria as ParsedCriteria, Selection as ParsedSelection } from '../query/criteria.js';
import { apiError } from '../document/errors.js';
import type { IfMatch as ParsedIfMatch, WriteDocument } from '../write/write-document.js';

/** What was parsed before a handler runs. */
export interface ParsedRequest {
  readonly criteria?: ParsedCriteria;
  readonly selection?: ParsedSelection;
  readonly document?: WriteDocument<never>;
  readonly ifMatch?: ParsedIfMatch;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by `JsonApiGuard` on routes of a resource. */
    jsonApi?: ParsedRequest;
  }
}

function parsed<Key extends keyof ParsedRequest>(context: ExecutionContext, key: Key): NonNullable<ParsedRequest[Key]> {
  const value = context.switchToHttp().getRequest<FastifyRequest>().jsonApi?.[key];
  if (value === undefined) throw new Error(`This route has no JSON:API decorator that parses a ${key}`);
  return value as NonNullable<ParsedRequest[Key]>;
}

// Each decorator shares its name with the type of what it gives, so that a handler reads `@Criteria() criteria: Criteria`.
export type Criteria = ParsedCriteria;
export type Selection = ParsedSelection;
export type IfMatch = ParsedIfMatch;

/** What an index was asked: filters, order, page, count, fields, includes. */
export const Criteria = createParamDecorator((_: undefined, context) => parsed(context, 'criteria'));

/** What a document was asked to look like: fields and includes. */
export const Selection = createParamDecorator((_: undefined, context) => parsed(context, 'selection'));

/** The document of a create or an update. */
export const Document = createParamDecorator((_: undefined, context) => parsed(context, 'document'));

/** The condition of a deletion. */
export const IfMatch = createParamDecorator((_: undefined, context) => parsed(context, 'ifMatch'));

/** What `confirm` says, as a value of a query string. @throws ApiError 400 for another value than `true` and `false` */
export function confirmationIn(query: unknown): boolean {
  const { confirm = 'false' } = query as { confirm?: unknown };
  if (confirm === 'true' || confirm === 'false') return confirm === 'true';
  throw apiError('invalid_parameter', 'confirm must be true or false', { parameter: 'confirm' });
}

/** Whether a deletion with consequences is confirmed; for routes with `@TakesConfirmation()`. */
export const Confirmed = createParamDecorator((_: undefined, context): boolean =>
  confirmationIn(context.switchToHttp().getRequest<FastifyRequest>().query),
);
