import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';

/**
 * The pool of `pg` behind an initialized data source, for statements whose rows are no entities. TypeORM does not
 * document it: this is the one place that uses it.
 * @throws TypeError before `initialize`, and when an update of TypeORM has moved the pool
 */
export function poolOf(dataSource: Pick<DataSource, 'driver'>): Pool {
  const pool: Partial<Pool> | undefined = (dataSource.driver as PostgresDriver).master;
  if (typeof pool?.query !== 'function') {
    throw new TypeError('The data source is not initialized, or TypeORM keeps its pool in another place than `master`');
  }
  return pool as Pool;
}
