import type { FastifyRequest } from 'fastify';
import type { ApiError, ErrorObject } from '../document/errors.js';
import type { ResourceExtension } from '../resource/resource-extension.js';

/** Options of the JSON:API module. */
export interface JsonApiOptions {
  /** Path in front of every operation, such as `/api/v1/iam`, or nothing. */
  readonly prefix: string;
  /** What a proxy takes off in front of that, such as `/iam`, or nothing. Links carry it. */
  readonly publicPath?: string;
  /**
   * Turns an error of the database into a public one; null for what it does not know. `attributeName` gives the name on
   * the wire of a table's column, where an attribute has it.
   */
  readonly translate: (
    error: unknown,
    attributeName?: (table: string, column: string) => string | undefined,
  ) => ApiError | null;
  /** `Accept-Language` in which a request gets its errors; the header of the request without this function. */
  readonly languages?: (request: FastifyRequest) => string;
  /** Attributes and relationships that modules add to resources of others. */
  readonly extensions?: readonly ResourceExtension[];
}

export const JSON_API_OPTIONS = Symbol('JSON_API_OPTIONS');

/** Texts of errors in the client's language. Without a provider of this class, all are in English. */
export abstract class ErrorTexts {
  /** The texts of errors in the best matching language of a request's `Accept-Language`. */
  abstract inLanguage(acceptLanguage: string): (error: ErrorObject) => string;
}
