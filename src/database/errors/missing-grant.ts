import { DatabaseError } from 'pg';
import { QueryFailedError } from 'typeorm';
import { driverError } from './sql-state.js';

const INSUFFICIENT_PRIVILEGE = '42501';
/** Errors raised in PL/pgSQL: the trigger that keeps the audit trail append-only is not about grants. */
const RAISED = 'exec_stmt_raise';

/** The role of the service lacks a privilege. The message, for the log, names the object and the grant. */
export class MissingGrantError extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'MissingGrantError';
  }
}

/** The grant for a message of PostgreSQL; the first match counts. */
const GRANTS: readonly (readonly [message: RegExp, grant: (object: string, verb: string) => string])[] = [
  [/row-level security/i, (object) => `CREATE POLICY … ON ${object} … USING (true) WITH CHECK (true)`],
  [/for schema/i, (object) => `GRANT USAGE ON SCHEMA ${object}`],
  [/for function/i, (object) => `GRANT EXECUTE ON FUNCTION ${object}`],
  [/./, (object, verb) => `GRANT ${verb} ON ${object}`],
];

/** The error of a statement that lacks a grant, worded for an operator; null for every other error. */
export function missingGrant(error: unknown): MissingGrantError | null {
  const cause = driverError(error);
  if (!(cause instanceof DatabaseError) || cause.code !== INSUFFICIENT_PRIVILEGE || cause.routine === RAISED) {
    return null;
  }
  const { message } = cause;
  const [, object = ''] = /"?([^\s"]+)"?$/.exec(message) ?? [];
  const statement = error instanceof QueryFailedError ? error.query : '';
  const [verb = 'SELECT, INSERT, UPDATE, DELETE'] = /^\s*(SELECT|INSERT|UPDATE|DELETE)\b/i.exec(statement) ?? [];
  const grant = GRANTS.find(([pattern]) => pattern.test(message))?.[1](object, verb.trim().toUpperCase());
  return new MissingGrantError(
    `${message}: ${grant} is missing. The command doctor prints the SQL for the role.`,
    error,
  );
}
