/** The embedded server cannot be used. The message says why, and what to do instead. */
export class EmbeddedServerError extends Error {
  constructor(reason: string, cause?: unknown) {
    super(`${reason}\nAny PostgreSQL server of version 15 or newer will do instead: set DATABASE_URL.`, { cause });
    this.name = 'EmbeddedServerError';
  }
}
