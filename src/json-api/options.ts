import type { JsonApiException } from './errors.js';

/** What the application tells the layer. */
export interface JsonApiOptions {
  /** Path in front of every operation, such as `/api/v1/iam`, or nothing. */
  readonly prefix: string;
  /** Turns an error of the database into a public one; null for what it does not know. */
  readonly translate: (error: unknown) => JsonApiException | null;
}

export const JSON_API_OPTIONS = Symbol('JSON_API_OPTIONS');
