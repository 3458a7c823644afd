import { boolean, integer, line, oneOf, url } from './schemas.js';
import type { VariableTable } from './variable.js';

/** The database and how to connect to it. */
export const DATABASE_VARIABLES = {
  DATABASE_URL: {
    schema: url('postgres', 'postgresql'),
    default: null,
    description: 'PostgreSQL 15 or newer, such as postgres://iam:secret@db:5432/iam. Empty: the embedded server.',
    secret: true,
    requiredInProduction: true,
  },
  DATABASE_POOLER: {
    schema: oneOf('session', 'transaction'),
    default: 'session',
    description:
      'What DATABASE_URL leads to: session is PostgreSQL itself or a pooler in session mode; transaction is a pooler ' +
      'in transaction mode, such as PgBouncer with pool_mode = transaction, and needs DATABASE_DIRECT_URL.',
  },
  DATABASE_DIRECT_URL: {
    schema: url('postgres', 'postgresql'),
    default: null,
    description:
      'The same database without a transaction pooler, for what needs a session: migrations, other commands, outbox ' +
      'and change feed. Empty: DATABASE_URL.',
    secret: true,
  },
  DATABASE_POOL_SIZE: {
    schema: integer(2, 1000),
    default: '10',
    description: 'Maximum connections to PostgreSQL for the requests of one process.',
  },
  MIGRATE_ON_START: {
    schema: boolean,
    default: 'true',
    productionDefault: 'false',
    description: 'true runs pending migrations, under a lock, before the service starts.',
  },
  DATA_DIR: {
    schema: line,
    default: './data',
    description: 'Folder of the embedded database, the development keys and the development mails.',
  },
} as const satisfies VariableTable;
