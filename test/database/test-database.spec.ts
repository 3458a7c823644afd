import { describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { createTestDatabase, onServer } from '../support/database.js';

describe('the database of a test', () => {
  it('is a migrated clone of its own, also when many are made at once', async () => {
    const databases = await Promise.all(Array.from({ length: 8 }, () => createTestDatabase()));
    expect(new Set(databases.map((database) => database.url)).size).toBe(8);
    for (const { url, drop } of databases) {
      const client = new Client({ connectionString: url });
      await client.connect();
      const { rows } = await client.query(`SELECT to_regclass('accounts')::text AS accounts`);
      expect(rows).toEqual([{ accounts: 'accounts' }]);
      await client.end();
      await drop();
    }
  });

  it('is dropped although clients are still connected', async () => {
    const { url, drop } = await createTestDatabase();
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    await drop();
    const name = new URL(url).pathname.slice(1);
    const left = await onServer((server) => server.query('SELECT FROM pg_database WHERE datname = $1', [name]));
    expect(left.rowCount).toBe(0);
  });
});
