import { QueryFailedError } from 'typeorm';

/** The connection of a transaction broke; whether a commit was carried out is unknown. SQLSTATE 08006. */
export class ConnectionLostError extends Error {
  readonly code = '08006';

  constructor(cause: unknown) {
    super('The connection to the database was lost', { cause });
    this.name = 'ConnectionLostError';
  }
}

/** SQLSTATE of a write that a server refuses because it takes none: it is a standby, or was told to. */
export const READ_ONLY = '25006';

/** The server at this address is a standby, which this service does not use. */
export class ReadOnlyServerError extends Error {
  readonly code = READ_ONLY;

  constructor() {
    super('The database is a standby');
    this.name = 'ReadOnlyServerError';
  }
}

/** A statement was not answered in time; whether it was carried out is unknown. */
export class UnansweredError extends Error {
  readonly code = 'ETIMEDOUT';

  constructor(milliseconds: number) {
    super(`The database has not answered for ${milliseconds} ms; the connection is given up`);
    this.name = 'UnansweredError';
  }
}

/** The error as the driver gave it: TypeORM wraps those of statements, but not those of connections. */
export function driverError(error: unknown): unknown {
  return error instanceof QueryFailedError ? error.driverError : error;
}

/** PostgreSQL's SQLSTATE (five characters) or Node's error code (`ECONNREFUSED`), or null where there is none. */
export function sqlStateOf(error: unknown): string | null {
  return textField(driverError(error), 'code');
}

/** The constraint that was violated, or null. */
export function constraintOf(error: unknown): string | null {
  return textField(driverError(error), 'constraint');
}

/** The column of a foreign key that was violated: the `(column)=(value)` of the detail, in whatever language it is. */
export function keyColumnOf(error: unknown): string | null {
  return /\((\w+)\)=\(/.exec(textField(driverError(error), 'detail') ?? '')?.[1] ?? null;
}

function textField(value: unknown, name: 'code' | 'constraint' | 'detail'): string | null {
  const field: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return typeof field === 'string' ? field : null;
}
