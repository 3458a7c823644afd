import { jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { poolOf } from '../../src/json-api/sql/sql.js';
import type { TestApp } from '../support/app.js';

/** A statement as the service sent it. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

interface Pool {
  query(statement: Statement): Promise<unknown>;
}

interface Plan {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly Plan[];
}

/** What a statement did when it ran once more. */
export interface Execution {
  /** Pages of 8 KiB that it looked at, wherever they were. */
  readonly pages: number;
  /** The nodes of its plan with their indexes, for the message of a test that fails. */
  readonly plan: string;
}

/** Gives the statements of the resource layer that the work makes the service send. */
export async function statementsOf(app: TestApp, work: () => Promise<unknown>): Promise<Statement[]> {
  const pool = poolOf(app.nest.get(DataSource)) as unknown as Pool;
  const spy = jest.spyOn(pool, 'query');
  try {
    await work();
    // The layer asks for rows as arrays; no other code does.
    return spy.mock.calls.map(([statement]) => statement).filter((statement) => 'rowMode' in statement);
  } finally {
    spy.mockRestore();
  }
}

/** Runs a statement once more, with PostgreSQL counting. */
export async function execute(app: TestApp, { text, values }: Statement): Promise<Execution> {
  const [row] = await app.sql<{ 'QUERY PLAN': [{ Plan: Plan }] }>(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`, [
    ...values,
  ]);
  if (!row) throw new Error('EXPLAIN gave nothing');
  const [{ Plan: plan }] = row['QUERY PLAN'];
  return { pages: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'], plan: describePlan(plan) };
}

const describePlan = ({ 'Node Type': type, 'Index Name': index, Plans: plans = [] }: Plan): string =>
  `${type}${index === undefined ? '' : ` (${index})`}${plans.length > 0 ? ` [${plans.map(describePlan).join(', ')}]` : ''}`;

/** How long PostgreSQL plans a statement, in ms. */
export async function planningTime(app: TestApp, { text, values }: Statement): Promise<number> {
  const [row] = await app.sql<{ 'QUERY PLAN': [{ 'Planning Time': number }] }>(
    `EXPLAIN (SUMMARY, FORMAT JSON) ${text}`,
    [...values],
  );
  return row?.['QUERY PLAN'][0]['Planning Time'] ?? 0;
}
