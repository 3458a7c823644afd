import type { INestApplicationContext } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import { callModuleInitHook } from '@nestjs/core/hooks/on-module-init.hook.js';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { DataSource } from 'typeorm';
import { migrateAll } from '../app.migrate.js';
import { AppModule } from '../app.module.js';
import { Config } from '../config/config.js';
import { withConnections } from '../database/connections.js';
import { dataSourceOptions, type ServiceDataSourceOptions } from '../database/data-source.js';
import { DatabaseServer } from '../database/database-server.js';
import { openDataSource } from '../database/open-data-source.js';
import type { CommandContext } from './command.js';

type Service = Pick<CommandContext, 'config' | 'extension'>;

/**
 * Runs a function with the providers of the service, including replacements by an extension, such as a password policy
 * or an event subscriber. They are created and initialized (`onModuleInit`), but not started: no port is opened, no mail
 * is sent, no first admin is created.
 * @throws the error of the database, immediately: the service would retry for half a minute
 */
export async function withService<Result>(
  { config: load, extension }: Service,
  work: (service: INestApplicationContext) => Promise<Result>,
): Promise<Result> {
  const config = load();
  return withMigratedServer({ config: () => config, extension }, async ({ access }) => {
    const ready = new Config({ ...config, databaseUrl: access.url, migrateOnStart: false });
    const service = await NestFactory.create(AppModule.register(ready, extension), new FastifyAdapter(), {
      abortOnError: false,
    });
    try {
      await initialize(service);
      return await work(service);
    } finally {
      await service.close();
    }
  });
}

/**
 * Calls `onModuleInit`, in which modules register what they add to others, such as their second factors: without it there
 * is nothing of them. `init()` would also call `onApplicationBootstrap`, which starts the service.
 */
async function initialize(service: INestApplicationContext): Promise<void> {
  // In Nest's order: what is imported comes first.
  const modules = [...service.get(ModulesContainer).values()].sort((left, right) => right.distance - left.distance);
  for (const module of modules) await callModuleInitHook(module);
}

/** Runs a function with the options of the service's data source, after the migrations that a start would run. */
export async function withMigratedServer<Result>(
  { config: load, extension }: Service,
  work: (options: ServiceDataSourceOptions) => Promise<Result>,
): Promise<Result> {
  const config = load();
  return withServer(config, async (url) => {
    const options = dataSourceOptions(url, config, extension);
    await (await openDataSource({ ...options, migrationsRun: config.migrateOnStart }, migrateAll)).destroy();
    return work(options);
  });
}

/** Runs a function on the service's database without migrating it. */
export async function onDatabase<Result>(
  { config: load, extension }: Service,
  work: (dataSource: DataSource) => Promise<Result>,
): Promise<Result> {
  const config = load();
  return withServer(config, async (url) => {
    const options = dataSourceOptions(url, config, extension);
    const size = config.databasePoolSize;
    const dataSource = await openDataSource(withConnections(options, 'maintenance', { size, name: 'iam command' }));
    try {
      return await work(dataSource);
    } finally {
      await dataSource.destroy();
    }
  });
}

/** Runs a function with the URL of the configured server, or of an embedded one that is started or joined. */
async function withServer<Result>(config: Config, work: (url: string) => Promise<Result>): Promise<Result> {
  const server = await DatabaseServer.open(config);
  try {
    return await work(server.url);
  } finally {
    await server.stop();
  }
}
