import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { loadEnvFile } from './src/config/env-file.js';
import { loadConfig } from './src/config/load-config.js';
import { dataSourceOptions } from './src/database/data-source.js';
import { DatabaseServer } from './src/database/database-server.js';

// The data source of the TypeORM command line, on the same database, entities and migrations as the service's:
// node --import ./test/runner/typescript-loader.js node_modules/typeorm/cli.js migration:show -d ormconfig.ts
loadEnvFile();
const config = loadConfig(process.env);
const server = await DatabaseServer.open(config);

/** Ends the use of an embedded server together with the connection: the command line knows nothing of it. */
class CommandLineDataSource extends DataSource {
  override async destroy(): Promise<void> {
    await super.destroy();
    await server.stop();
  }
}

export default new CommandLineDataSource({ ...dataSourceOptions(server.url, config), logger: 'advanced-console' });
