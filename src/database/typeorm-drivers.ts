import { createRequire, Module } from 'node:module';
import type { DataSource, Driver } from 'typeorm';

/*
 * TypeORM loads the drivers of every database it knows, an eighth of the characters that a start loads (docs/decisions/0060).
 * Here they are loaded when a data source of another type is made, which only a team's own code does. Must run before
 * TypeORM is loaded; so the command line begins with this.
 */

const require = createRequire(import.meta.url);
const file = require.resolve('typeorm/driver/DriverFactory.js');

class DriverFactory {
  create(dataSource: DataSource): Driver {
    if (dataSource.options.type !== 'postgres') return createOther(dataSource);
    const {
      PostgresDriver,
    }: typeof import('typeorm/driver/postgres/PostgresDriver.js') = require('typeorm/driver/postgres/PostgresDriver.js');
    return new PostgresDriver(dataSource);
  }
}

/** By TypeORM's own factory, which loads all drivers. */
function createOther(dataSource: DataSource): Driver {
  delete require.cache[file];
  const original: { DriverFactory: typeof DriverFactory } = require(file);
  return new original.DriverFactory().create(dataSource);
}

require.cache[file] ??= Object.assign(new Module(file), { filename: file, loaded: true, exports: { DriverFactory } });
