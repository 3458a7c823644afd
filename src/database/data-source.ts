import { Logger as NestLogger, type Type } from '@nestjs/common';
import type { DataSourceOptions, Logger, MigrationInterface } from 'typeorm';
import type { Config } from '../config/config.js';
import { type ConnectionOptions, connectionTo } from './connections.js';
import { SnakeCaseNaming } from './naming.js';
import { entities, migrations } from './schema.js';

/** Statements that take longer are logged, in milliseconds. */
const SLOW_STATEMENT_MS = 1_000;

/** TypeORM's options of PostgreSQL. */
export type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

/** The same, with what is needed to open other connections to the same database. */
export interface ServiceDataSourceOptions extends PostgresOptions, ConnectionOptions {}

/** The configuration that decides how to connect; without a pooler, only the size of the pool. */
export type ConnectionSettings = Pick<Config, 'databasePoolSize'> &
  Partial<Pick<Config, 'databaseDirectUrl' | 'databasePooler'>>;

/** Tables and constraints that extensions add. */
export interface SchemaExtension {
  readonly entities?: readonly Type<unknown>[];
  readonly migrations?: readonly Type<MigrationInterface>[];
  /** By the names of constraints. */
  readonly constraints?: Readonly<Record<string, unknown>>;
}

/** A timestamp at the end of a migration's name, in milliseconds; TypeORM sorts by it. */
const TIMESTAMP = /[1-9]\d{12}$/;

/**
 * The options of the service's data source on the PostgreSQL at `url`.
 * @throws TypeError when two migrations have one name, or a name has no timestamp
 */
export function dataSourceOptions(
  url: string,
  settings: ConnectionSettings,
  extension: SchemaExtension = {},
): ServiceDataSourceOptions {
  const { databasePoolSize: size, databaseDirectUrl: directUrl, databasePooler: pooler = 'session' } = settings;
  checkMigrationNames([...migrations, ...(extension.migrations ?? [])]);
  const access = { url, directUrl: directUrl ?? url, pooler };
  return {
    type: 'postgres',
    access,
    ...connectionTo(access, 'request', { size, name: 'iam' }),
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
  };
}

/** Names are how the database knows which migrations have run: of two with the same name, one would never run. */
function checkMigrationNames(classes: readonly Type<MigrationInterface>[]): void {
  const names = classes.map((Migration) => new Migration().name ?? Migration.name);
  const errors = names.flatMap((name, at) => [
    ...(TIMESTAMP.test(name) ? [] : [`migrations: the name of ${name} must end in a timestamp of 13 digits`]),
    ...(names.indexOf(name) < at ? [`migrations: two are called ${name}; rename the one that has not run yet`] : []),
  ]);
  if (errors.length > 0) throw new TypeError(errors.join('\n'));
}

/**
 * Writes TypeORM's messages to the service's log. Statements appear only when they are slow, and parameters never: they
 * include tokens and hashes. A failed statement is logged where its error is handled.
 */
class TypeOrmLogger implements Logger {
  private readonly logger = new NestLogger('TypeORM');

  logQuerySlow(milliseconds: number, query: string): void {
    this.logger.warn(`Slow statement, ${milliseconds} ms: ${query}`);
  }

  logMigration(message: string): void {
    this.logger.log(message);
  }

  log(level: 'log' | 'info' | 'warn', message: unknown): void {
    if (level === 'warn') this.logger.warn(message);
    else this.logger.debug(message);
  }

  logQuery(): void {}

  logQueryError(): void {}

  logSchemaBuild(): void {}
}
