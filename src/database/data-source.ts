import type { Type } from '@nestjs/common';
import type { DataSourceOptions, MigrationInterface } from 'typeorm';
import type { Config } from '../config/config.js';
import { HURRIED } from './connection-limits.js';
import { entities } from './entities.js';
import { migrations } from './migrations.js';
import { SnakeCaseNaming } from './naming.js';
import { TypeOrmLogger } from './typeorm-logger.js';

/** Who has waited so long for a connection of the pool waits no longer, in milliseconds; the request is answered 503. */
const CONNECT_TIMEOUT_MS = 5_000;
/** A statement that takes longer is logged, in milliseconds. */
const SLOW_STATEMENT_MS = 1_000;

/** What TypeORM needs to know, the same for the service, the commands and the tests. */
export type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

/** Tables that modules from outside bring along. */
export interface SchemaExtension {
  readonly entities?: readonly Type<unknown>[];
  readonly migrations?: readonly Type<MigrationInterface>[];
}

/** The options of the service's data source on the PostgreSQL at `url`. */
export function dataSourceOptions(
  url: string,
  settings: Pick<Config, 'databasePoolSize'>,
  extension: SchemaExtension = {},
): PostgresOptions {
  return {
    type: 'postgres',
    url,
    entities: [...entities, ...(extension.entities ?? [])],
    migrations: [...migrations, ...(extension.migrations ?? [])],
    namingStrategy: new SnakeCaseNaming(),
    synchronize: false,
    migrationsRun: false,
    migrationsTransactionMode: 'each',
    // Ids are made in Node; TypeORM would install uuid-ossp for them.
    installExtensions: false,
    logger: new TypeOrmLogger(),
    maxQueryExecutionTime: SLOW_STATEMENT_MS,
    applicationName: 'iam',
    poolSize: settings.databasePoolSize,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    extra: HURRIED,
  };
}
