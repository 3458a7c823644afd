import { DataSource, type DataSourceOptions } from 'typeorm';
import { migrate, type Migrate } from './migrate.js';
import { assertDatabaseFits } from './requirements.js';

/**
 * Connects, checks that the server fits, and with `migrationsRun` brings the schema up to date: under our own lock,
 * which TypeORM's does not have. Nothing stays open when it throws.
 * @param bringUpToDate what migrates; by default only the migrations of the options
 * @throws UnfitDatabaseError, or the error of the connection or the migration.
 */
export async function openDataSource(
  options?: DataSourceOptions,
  bringUpToDate: Migrate = migrate,
): Promise<DataSource> {
  if (!options) throw new Error('A data source needs options.');
  const dataSource = new DataSource({ ...options, migrationsRun: false });
  await dataSource.initialize();
  try {
    await assertDatabaseFits(dataSource);
    if (options.migrationsRun) await bringUpToDate(dataSource);
    return dataSource;
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}
