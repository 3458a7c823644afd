import type { INestApplicationContext } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { poolOf } from '../../json-api/sql/sql.js';

/** A statement of the resource layer, which asks for rows as arrays; no other code does. */
interface LayerStatement {
  readonly text: string;
  readonly rowMode: unknown;
}

interface Pool {
  query(...args: unknown[]): unknown;
}

const isOfLayer = (statement: unknown): statement is LayerStatement =>
  typeof statement === 'object' && statement !== null && 'rowMode' in statement;

/** The texts of the statements that the resource layer sends during the work. */
export async function sentBy(nest: INestApplicationContext, work: () => Promise<unknown>): Promise<string[]> {
  // Declared with overloads, none of which can be assigned.
  const pool = poolOf(nest.get(DataSource)) as unknown as Pool;
  const { query } = pool;
  const sent: string[] = [];
  pool.query = (...args) => {
    const [statement] = args;
    if (isOfLayer(statement)) sent.push(statement.text);
    return query.apply(pool, args);
  };
  try {
    await work();
    return sent;
  } finally {
    pool.query = query;
  }
}
