import { DataSource, type DataSourceOptions } from 'typeorm';
import { findAccessErrors, findLimitErrors } from './checks/access-checks.js';
import { connectionOf } from './connections.js';
import { migrate, type Migrate } from './migrate.js';
import { missingGrant } from './errors/missing-grant.js';
import { findMissingPrivileges, privilegeErrors } from './checks/privileges.js';
import { assertDatabaseFits, UnfitDatabaseError } from './checks/requirements.js';

/**
 * Connects, checks the connection, the server and the role, and with `migrationsRun` runs the migrations under an
 * advisory lock, which TypeORM does not take. Closes everything when it throws.
 * @param bringUpToDate runs the migrations; by default only those of the options
 * @throws RejectedConnectionError or UnfitDatabaseError, which a retry does not fix and whose messages say what to do;
 * or the error of the connection or the migration.
 */
export async function openDataSource(
  options?: DataSourceOptions,
  bringUpToDate: Migrate = migrate,
): Promise<DataSource> {
  if (!options) throw new Error('A data source needs options.');
  const connection = connectionOf({ options });
  assertNone(await findAccessErrors(connection));
  const dataSource = new DataSource({ ...options, migrationsRun: false });
  await dataSource.initialize();
  try {
    await assertDatabaseFits(dataSource);
    if (options.migrationsRun) await bringUpToDate(dataSource);
    if (connection.kind === 'request') {
      assertNone([...(await findLimitErrors(dataSource)), ...privilegeErrors(await findMissingPrivileges(dataSource))]);
    }
    return dataSource;
  } catch (error) {
    const missing = missingGrant(error) ? await findMissingPrivileges(dataSource).catch(() => []) : [];
    await dataSource.destroy();
    throw missing.length > 0 ? new UnfitDatabaseError(privilegeErrors(missing)) : error;
  }
}

function assertNone(errors: readonly string[]): void {
  if (errors.length > 0) throw new UnfitDatabaseError(errors);
}
