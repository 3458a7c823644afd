import type { Extension } from '../app.extension.js';
import { migrateAll } from '../app.migrate.js';
import type { Config } from '../config/config.js';
import { dataSourceOptions, type ServiceDataSourceOptions } from '../database/data-source.js';
import { DatabaseServer } from '../database/database-server.js';
import { openDataSource } from '../database/open-data-source.js';

/** Does the work with the configured server's URL; an embedded server is started for it, or joined. */
export async function withServer<Result>(config: Config, work: (url: string) => Promise<Result>): Promise<Result> {
  const server = await DatabaseServer.open(config);
  try {
    return await work(server.url);
  } finally {
    await server.stop();
  }
}

/** The same with the options of the service's data source, after the migrations that a start of it would run. */
export function withMigratedServer<Result>(
  config: Config,
  extension: Extension,
  work: (options: ServiceDataSourceOptions) => Promise<Result>,
): Promise<Result> {
  return withServer(config, async (url) => {
    const options = dataSourceOptions(url, config, extension);
    await (await openDataSource({ ...options, migrationsRun: config.migrateOnStart }, migrateAll)).destroy();
    return work(options);
  });
}
