import { QueryFailedError } from 'typeorm';

/** The connection was lost during a transaction; whether it committed is unknown. SQLSTATE 08006. */
export class ConnectionLostError extends Error {
  readonly code = '08006';

  constructor(cause: unknown) {
    super('The connection to the database was lost', { cause });
    this.name = 'ConnectionLostError';
  }
}

/** SQLSTATE `read_only_sql_transaction`: the server is a standby, or set to read-only. */
export const READ_ONLY = '25006';

/** The server at this address is a standby, which this service does not use. */
export class ReadOnlyServerError extends Error {
  readonly code = READ_ONLY;

  constructor() {
    super('The database is a standby');
    this.name = 'ReadOnlyServerError';
  }
}

/** No response to a statement in time; whether it was executed is unknown. */
export class ResponseTimeoutError extends Error {
  readonly code = 'ETIMEDOUT';

  constructor(milliseconds: number) {
    super(`No response from the database for ${milliseconds} ms; the connection is closed`);
    this.name = 'ResponseTimeoutError';
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

/** The columns of a key that was violated: the `(columns)=(values)` of the detail, in whatever language it is. */
export function keyColumnsOf(error: unknown): string[] {
  return /\((\w+(?:, \w+)*)\)=\(/.exec(textField(driverError(error), 'detail') ?? '')?.[1]?.split(', ') ?? [];
}

/** The table whose constraint was violated, or null. */
export function tableOf(error: unknown): string | null {
  return textField(driverError(error), 'table');
}

function textField(value: unknown, name: 'code' | 'constraint' | 'detail' | 'table'): string | null {
  const field: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return typeof field === 'string' ? field : null;
}
