import {
  Injectable,
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, Repository } from 'typeorm';
import { Config } from '../config/config.js';
import { unregistered } from '../json-api/resource/columns.js';
import { Transactions } from '../json-api/sql/sql.js';
import { Tracing } from '../tracing/tracing.js';
import { findUnknownConstraints } from './checks/requirements.js';
import { translateDatabaseError } from './errors/constraint-errors.js';
import { dataSourceOptions, type SchemaExtension } from './data-source.js';
import { DatabaseServer, DatabaseServerModule } from './database-server.js';
import type { Migrate } from './migrate.js';
import { missingGrant } from './errors/missing-grant.js';
import { PendingMigrations } from './pending-migrations.js';
import { openDataSource } from './open-data-source.js';
import { traced } from './traced.js';
import { PostgresTransactions } from './transactions.js';

/** Attempts to connect at start, a second apart: the database may start at the same time. */
const BOOT_ATTEMPTS = 30;

/** Closes the connections, then the embedded server. HTTP is already closed. */
@Injectable()
class DatabaseShutdown implements OnApplicationShutdown {
  constructor(
    private readonly dataSource: DataSource,
    private readonly server: DatabaseServer,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
    await this.server.stop();
  }
}

/** Rejects `TypeOrmModule.forFeature` with entities that the data source does not know: every use of them would fail. */
@Injectable()
class EntityCheck implements OnModuleInit {
  constructor(
    private readonly dataSource: DataSource,
    private readonly modules: ModulesContainer,
  ) {}

  onModuleInit(): void {
    for (const { providers } of this.modules.values()) {
      for (const { instance } of providers.values()) {
        const entity: unknown = instance instanceof Repository && instance.target;
        if (typeof entity !== 'function' || this.dataSource.hasMetadata(entity)) continue;
        throw new TypeError(`TypeOrmModule.forFeature: ${unregistered(entity)}`);
      }
    }
  }
}

/** Rejects errors of constraints that the database does not have: nothing would ever break these. */
class ConstraintCheck implements OnApplicationBootstrap {
  constructor(
    private readonly dataSource: DataSource,
    private readonly names: readonly string[],
  ) {}

  /** @throws TypeError which stops the start; not while migrations are pending, which may make the constraint */
  async onApplicationBootstrap(): Promise<void> {
    const [unknown] = await findUnknownConstraints(this.dataSource, this.names);
    if (unknown === undefined || (await new PendingMigrations(this.dataSource).list()).length > 0) return;
    throw new TypeError(`constraints: the database has no constraint ${unknown}; correct the name`);
  }
}

/**
 * Connects the service to its database: starts the embedded server where none is configured, checks the server,
 * migrates where the configuration says so, and gives every module the `DataSource` and `Transactions`.
 */
@Module({})
export class DatabaseModule {
  /** `bringUpToDate` replaces the default migrations, for modules that keep tables without entities. */
  static register(schema: SchemaExtension, bringUpToDate?: Migrate): DynamicModule {
    const connection = TypeOrmModule.forRootAsync({
      imports: [DatabaseServerModule],
      inject: [DatabaseServer, Config, { token: Tracing, optional: true }],
      useFactory: (server: DatabaseServer, config: Config, tracing?: Tracing) => {
        const options = dataSourceOptions(server.url, config, schema);
        return {
          ...(tracing ? traced(options, tracing) : options),
          migrationsRun: config.migrateOnStart,
          retryAttempts: BOOT_ATTEMPTS,
          retryDelay: 1_000,
          // Each attempt logs why it failed.
          verboseRetryLog: true,
          // A missing grant does not appear within seconds.
          toRetry: (error: unknown) => !missingGrant(error) && translateDatabaseError(error) !== null,
        };
      },
      dataSourceFactory: (options) => openDataSource(options, bringUpToDate),
    });
    return {
      module: DatabaseModule,
      global: true,
      imports: [DatabaseServerModule, connection],
      providers: [
        DatabaseShutdown,
        EntityCheck,
        {
          provide: ConstraintCheck,
          inject: [DataSource],
          useFactory: (dataSource: DataSource) =>
            new ConstraintCheck(dataSource, Object.keys(schema.constraints ?? {})),
        },
        { provide: Transactions, useClass: PostgresTransactions },
      ],
      exports: [Transactions],
    };
  }
}
