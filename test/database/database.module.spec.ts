import { rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { Config } from '../../src/config/config.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { loadConfig } from '../../src/config/load-config.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { freePort } from '../../src/embedded-postgres/postgres-process.js';
import { sql, Transactions } from '../../src/json-api/sql/sql.js';
import { createTestDatabase } from '../support/database.js';
import { makeFolder, pidOf, stopAllOn } from '../embedded-postgres/embedded-support.js';

describe('the database module', () => {
  let folder: string;
  let config: Config;

  beforeEach(async () => {
    Logger.overrideLogger(false);
    folder = await makeFolder();
    config = loadConfig({ NODE_ENV: 'test', DATA_DIR: folder });
  });

  afterEach(async () => {
    await stopAllOn(folder);
    await rm(folder, { recursive: true, force: true });
  });

  async function boot(changes: Partial<Config> = {}): Promise<TestingModule> {
    const imports = [ConfigModule.register(new Config({ ...config, ...changes })), DatabaseModule.register({})];
    const module = await Test.createTestingModule({ imports }).compile();
    return module.init();
  }

  it('brings its own migrated database, and stops it in the end', async () => {
    const app = await boot();
    const rows = await app.get(Transactions).run((tx) => tx.query(sql`SELECT current_database() AS name`));
    expect(rows).toEqual([{ name: 'iam' }]);
    expect(await app.get(DataSource).showMigrations()).toBe(false);
    expect(await pidOf(folder)).not.toBeNull();
    await app.close();
    expect(await pidOf(folder)).toBeNull();
  });

  it('uses the configured database, and leaves its server running', async () => {
    const database = await createTestDatabase();
    const app = await boot({ databaseUrl: database.url });
    expect(await app.get(DataSource).query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await pidOf(folder)).toBeNull();
    await app.close();
    await database.drop();
  });

  it('waits for a database that is not there yet', async () => {
    const database = await createTestDatabase();
    const { hostname, port } = new URL(database.url);
    const url = new URL(database.url);
    // A relay that opens its port only after the service has started.
    const relay = createServer((incoming) => {
      const outgoing = connect(Number(port || 5432), hostname);
      incoming.pipe(outgoing).pipe(incoming);
      for (const socket of [incoming, outgoing]) socket.on('error', () => undefined);
    });
    url.hostname = '127.0.0.1';
    url.port = String(await freePort());
    const booting = boot({ databaseUrl: url.href });
    await sleep(500);
    relay.listen(Number(url.port), '127.0.0.1');
    const app = await booting;
    expect(await app.get(DataSource).query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await app.close();
    relay.close();
    await database.drop();
  });

  it('does not wait for a database that rejects the service', async () => {
    const database = await createTestDatabase();
    await expect(boot({ databaseUrl: `${database.url}_nowhere` })).rejects.toThrow(/does not exist/);
    await database.drop();
  });
});
