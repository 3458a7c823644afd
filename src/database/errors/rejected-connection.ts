import { driverError, sqlStateOf } from './sql-state.js';

/** PostgreSQL or a pooler rejects the connection, and a retry does not help. The message says why, and what to set. */
export class RejectedConnectionError extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'RejectedConnectionError';
  }
}

interface Rejection {
  /** The message of `pg`, PostgreSQL or the pooler. PgBouncer uses the state 08P01 for every rejection. */
  readonly states: RegExp;
  readonly message: RegExp;
  /** What to do; `$1` is what the message names, VARIABLE the environment variable of the URL. */
  readonly advice: string;
}

/** The first match counts. */
const REJECTIONS: readonly Rejection[] = [
  {
    states: /^08P01$/,
    message: /unsupported startup parameter: ([\w.]+)/i,
    advice:
      'The pooler rejects the start-up parameter $1. Take it out of VARIABLE, or list it in ignore_startup_parameters of the pooler.',
  },
  {
    states: /^(28P01|08P01)$/,
    message: /authentication failed|no such user|auth failed/i,
    advice: 'Correct user and password in VARIABLE.',
  },
  {
    states: /^(3D000|08P01)$/,
    message: /database "?([^" ]*)"? does not exist|no such database: (.*)/i,
    advice: 'Create that database, or correct its name in VARIABLE.',
  },
  {
    states: /^28000$/,
    message: /no encryption|SSL off/i,
    advice: 'Add sslmode=require (or verify-full) to VARIABLE, or let this user in without TLS in pg_hba.conf.',
  },
  {
    states: /^28...$/,
    message: /./,
    advice: 'Correct the user in VARIABLE, or let it in: CREATE ROLE … LOGIN, and a line in pg_hba.conf.',
  },
  {
    states: /^42501$/,
    message: /for database/i,
    advice: 'Let the user of VARIABLE in: GRANT CONNECT ON DATABASE … TO ….',
  },
  {
    states: /^(42704|22023|42602|55P02)$/,
    message: /parameter/i,
    advice: 'Correct the parameters at the end of VARIABLE.',
  },
  {
    states: /^$/,
    message: /^SASL: .*password must be a/i,
    advice: 'The server asks for a password: name one in VARIABLE.',
  },
  {
    states: /^$/,
    message: /does not support SSL connections/i,
    advice: 'Take sslmode out of VARIABLE, or switch TLS on there.',
  },
  {
    states:
      /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_\w+|ERR_TLS_CERT_ALTNAME_INVALID)$/,
    message: /./,
    advice: 'The certificate is not trusted: name its authority by sslrootcert in VARIABLE, or correct the host name.',
  },
];

/**
 * The error for a connection that a retry cannot fix, or null: an unreachable server may come back.
 * @param variable the environment variable that says where to connect
 * @param url its value, of which only host and database are quoted
 */
export function rejectedConnection(error: unknown, variable: string, url: string): RejectedConnectionError | null {
  const cause = driverError(error);
  if (!(cause instanceof Error)) return null;
  const state = sqlStateOf(cause) ?? '';
  const rejection = REJECTIONS.find(({ states, message }) => states.test(state) && message.test(cause.message));
  if (!rejection) return null;
  const [, ...named] = rejection.message.exec(cause.message) ?? [];
  const advice = rejection.advice
    .replace('$1', named.find((name) => name !== undefined) ?? '')
    .replaceAll('VARIABLE', variable);
  const { host, pathname } = new URL(url);
  return new RejectedConnectionError(`${host}${pathname} rejects the connection: ${cause.message}. ${advice}`, error);
}
