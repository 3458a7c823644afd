import { attributePointer, ApiError, type ErrorObject } from '../../json-api/document/errors.js';
import { brokenRule, type Rule } from '../../json-api/document/rules.js';
import { missingGrant } from './missing-grant.js';
import { constraintOf, driverError, keyColumnsOf, sqlStateOf, tableOf } from './sql-state.js';

/** Rules that a unique constraint enforces. Their code is `conflict`. */
export const TAKEN_RULES = {
  taken: { text: '{name} is already taken', description: 'another row has this value; the code is `conflict`' },
} as const satisfies Record<string, Rule>;

const takenValue = (name: string): ErrorObject => ({
  ...brokenRule(['taken', TAKEN_RULES.taken], { name, source: attributePointer(name) }),
  code: 'conflict',
});

/** The e-mails of two accounts differ by more than case and look-alike characters. */
export const TAKEN_EMAIL: ErrorObject = takenValue('email');

/** The constraint that enforces {@link EMAIL_TAKEN}. */
export const TAKEN_EMAIL_CONSTRAINT = 'accounts_email_key_key';

/**
 * Errors by constraint name; an extension has its own. An unlisted constraint is a defect (500), except for foreign keys
 * and for unique constraints on attributes: only PostgreSQL knows whether such a row exists.
 */
export const CONSTRAINTS: Readonly<Record<string, ErrorObject>> = {
  [TAKEN_EMAIL_CONSTRAINT]: TAKEN_EMAIL,
  memberships_organization_id_fkey: brokenRule(
    ['unknown_reference', { text: 'An organization in the role scope does not exist' }],
    { name: 'role_scope', source: attributePointer('role_scope') },
  ),
  memberships_account_id_fkey: { code: 'not_found', detail: 'The account no longer exists.' },
  identity_provider_domains_pkey: {
    code: 'conflict',
    detail: 'A domain belongs to another identity provider',
    source: attributePointer('domains'),
  },
  account_passkeys_credential_id_key: { code: 'conflict', detail: 'This passkey was added before.' },
  account_sessions_account_id_fkey: { code: 'unauthenticated', detail: 'The account no longer exists.' },
};

const UNIQUE_VIOLATION = '23505';
/** Of these PostgreSQL reports the columns. */
const KEY_VIOLATIONS: ReadonlySet<string> = new Set(['23503', UNIQUE_VIOLATION]);

interface StateError extends ErrorObject {
  readonly states: RegExp;
}

/** `Retry-After`, in seconds: a database that restarts is back within 2. */
const RETRY_AFTER_SECONDS = 2;

/** SQLSTATE (PostgreSQL, appendix A) or Node's error code → error. The first that matches counts. */
const STATES: readonly StateError[] = [
  {
    // Connection lost or not accepted: class 08, shutdown and start-up 57P0x, idle transaction ended 25P03, sockets.
    states:
      /^(08...|57P0.|25P03|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/,
    code: 'unavailable',
    detail: 'The database cannot be reached.',
  },
  {
    // Out of connections, memory or disk (class 53), failed I/O, or a standby after a fail-over (25006).
    states: /^(53...|58030|25006)$/,
    code: 'unavailable',
    detail: 'The database cannot take the request at the moment.',
  },
  {
    // Serialization failure, deadlock, lock timeout and statement timeout, after the retries that make sense.
    states: /^(40001|40P01|55P03|57014)$/,
    code: 'unavailable',
    detail: 'The database is too busy for the request at the moment.',
  },
  {
    // NUL and lone surrogates: text that JSON can carry and PostgreSQL cannot store.
    states: /^(22021|22P05)$/,
    code: 'validation_failed',
    detail: 'A text contains a character that cannot be stored.',
    broken: { rule: 'invalid_characters', name: 'A text', parameters: {} },
  },
];

/** Connection losses that `pg`, its pool and TypeORM report by message only. */
const LOST_CONNECTION =
  /^(timeout exceeded when trying to connect|timeout expired|Connection terminated|Client has encountered a connection error|Client was closed|Cannot use a pool after calling end|Driver not Connected|Cannot execute operation on)/i;

/**
 * The `ApiError` for a database error, or null when the error is a defect of this service. The original error is kept
 * as the private cause.
 * @param attributeName the name of a table's column in the API; undefined where no attribute has it
 * @param constraints errors by constraint name: those of the service, and of an extension
 */
export function translateDatabaseError(
  error: unknown,
  attributeName = (_table: string, _column: string): string | undefined => undefined,
  constraints: Readonly<Record<string, ErrorObject>> = CONSTRAINTS,
): ApiError | null {
  const constraint = constraintOf(error);
  const problem = constraint !== null && Object.hasOwn(constraints, constraint) ? constraints[constraint] : undefined;
  if (problem) return toApiError(problem, error);
  const state = sqlStateOf(error);
  const columns = KEY_VIOLATIONS.has(state ?? '') ? keyColumnsOf(error) : [];
  const names = columns.map((column) => attributeName(tableOf(error) ?? '', column));
  const violation = state === UNIQUE_VIOLATION ? takenError(names) : danglingError(columns, names);
  if (violation) return toApiError(violation, error);
  const grant = missingGrant(error);
  if (grant)
    return toApiError({ code: 'unavailable', detail: 'The service is not set up to do this at the moment.' }, grant);
  const match = state === null ? undefined : STATES.find(({ states }) => states.test(state));
  if (match) return toApiError(withoutStates(match), error);
  const cause = driverError(error);
  if (cause instanceof Error && LOST_CONNECTION.test(cause.message)) {
    return toApiError({ code: 'unavailable', detail: 'The database cannot be reached.' }, error);
  }
  return null;
}

/** For a foreign key of one column: the referenced row does not exist, or the row is still referenced. */
function danglingError(
  [column, ...others]: readonly string[],
  [name]: readonly (string | undefined)[],
): ErrorObject | null {
  if (column === undefined || others.length > 0) return null;
  if (column === 'id') return { code: 'conflict', detail: 'Other rows still refer to this one.' };
  const attribute = name ?? column;
  return brokenRule('unknown_reference', { name: attribute, source: attributePointer(attribute) });
}

/** For a unique constraint of columns that are all attributes: another row has these values. */
function takenError(names: readonly (string | undefined)[]): ErrorObject | null {
  const [name] = names;
  if (name === undefined || names.includes(undefined)) return null;
  if (names.length > 1) return { code: 'conflict', detail: `${names.join(' and ')} are already taken together` };
  return takenValue(name);
}

const withoutStates = ({ states: _states, ...problem }: StateError): ErrorObject => problem;

function toApiError(problem: ErrorObject, cause: unknown): ApiError {
  const isAway = problem.code === 'unavailable';
  const headers = isAway ? { headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) } } : {};
  return new ApiError([problem], { cause, ...headers });
}
