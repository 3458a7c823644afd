import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { PostgresTransactions } from '../../src/database/transactions.js';
import { createTestDatabase } from '../support/database.js';

/** A database of its own for one spec of this folder, with what it needs to fill it. */
export interface AuthDatabase {
  readonly url: string;
  readonly dataSource: DataSource;
  readonly transactions: PostgresTransactions;
  /** Adds an account and gives its id. */
  account(fields?: { enabled?: boolean; roleName?: string; extra?: object; organizations?: string[] }): Promise<string>;
  /** Adds an organization and gives its id. */
  organization(): Promise<string>;
  /** Runs a statement; `$1` and so on are the values. */
  query<Row>(text: string, values?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

/** Opens a fresh database, with `connections` at most at a time. */
export async function openAuthDatabase(connections: number): Promise<AuthDatabase> {
  const database = await createTestDatabase();
  const dataSource = new DataSource(dataSourceOptions(database.url, { databasePoolSize: connections }));
  await dataSource.initialize();
  const query = async <Row>(text: string, values: unknown[] = []): Promise<Row[]> => dataSource.query(text, values);

  return {
    url: database.url,
    dataSource,
    transactions: new PostgresTransactions(dataSource),
    query,
    async account({ enabled = true, roleName = 'user', extra = {}, organizations = [] } = {}) {
      const id = uuidv7();
      const insert = `INSERT INTO accounts (id, name, email, email_key, enabled, role_name, role_scope_extra)
                      VALUES ($1, 'A. Person', $2, $2, $3, $4, $5)`;
      await query(insert, [id, `${id}@example.com`, enabled, roleName, extra]);
      for (const organization of organizations) {
        await query('INSERT INTO memberships (account_id, organization_id) VALUES ($1, $2)', [id, organization]);
      }
      return id;
    },
    async organization() {
      const id = uuidv7();
      await query(`INSERT INTO organizations (id, name) VALUES ($1, 'An organization')`, [id]);
      return id;
    },
    async drop() {
      await dataSource.destroy();
      await database.drop();
    },
  };
}
