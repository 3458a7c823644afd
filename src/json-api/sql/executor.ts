import type { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import type { Statement } from './sql.js';
import type { Transaction } from './transaction.js';

/** A row as PostgreSQL sends it: its columns in order. */
export type Columns = readonly unknown[];

interface Pool {
  query(statement: Statement & { rowMode: 'array' }): Promise<{ rows: unknown[][] }>;
}

/** Runs the layer's statements: inside the transaction that it is given, else on any connection of the pool. */
export class Executor {
  private readonly pool: Pool;

  constructor(dataSource: DataSource) {
    // TypeORM's own pool, asked directly: no entity is hydrated for what is only read and sent on.
    this.pool = (dataSource.driver as PostgresDriver).master as Pool;
  }

  async rows({ text, values, name }: Statement, tx?: Transaction): Promise<Columns[]> {
    if (tx) return (await tx.manager.query<object[]>(text, [...values])).map((row) => Object.values(row));
    return (await this.pool.query({ text, values, rowMode: 'array', ...(name !== undefined && { name }) })).rows;
  }
}
