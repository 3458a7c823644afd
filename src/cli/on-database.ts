import type { DataSource } from 'typeorm';
import { withConnections } from '../database/connections.js';
import { dataSourceOptions } from '../database/data-source.js';
import { openDataSource } from '../database/open-data-source.js';
import type { CommandContext } from './command.js';
import { withServer } from './with-server.js';

/** Does the work on the service's database as it is; an embedded server is started for it, or joined. */
export async function onDatabase<Result>(
  { config: configuration, extension }: Pick<CommandContext, 'config' | 'extension'>,
  work: (dataSource: DataSource) => Promise<Result>,
): Promise<Result> {
  const config = configuration();
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
