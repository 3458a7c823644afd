import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runTaskList, runTaskListOnce, type WorkerEvents, type WorkerPool } from 'graphile-worker';
import { Pool } from 'pg';
import { openPool } from '../../src/database/connections.js';
import { closeSocket, ResilientClient } from '../../src/database/resilient-client.js';
import { allowSecondReturn, endWorkers, outboxLogger, WORKER_SESSION } from '../../src/outbox/graphile-worker.js';
import { OUTBOX_SCHEMA } from '../../src/outbox/outbox.migrate.js';
import { OutboxFixture } from './outbox-fixture.js';

/** What `src/outbox/outbox.repository.ts` names, by table or view. */
const COLUMNS = {
  _private_jobs: {
    id: 'bigint',
    task_id: 'integer',
    payload: 'json',
    run_at: 'timestamp with time zone',
    attempts: 'smallint',
    locked_at: 'timestamp with time zone',
    locked_by: 'text',
  },
  _private_tasks: { id: 'integer', identifier: 'text' },
  jobs: {
    id: 'bigint',
    task_identifier: 'text',
    run_at: 'timestamp with time zone',
    attempts: 'smallint',
    max_attempts: 'smallint',
    last_error: 'text',
    created_at: 'timestamp with time zone',
    locked_at: 'timestamp with time zone',
    locked_by: 'text',
  },
} as const;

/** The parameters by which its functions are called. */
const PARAMETERS = {
  add_jobs: ['specs'],
  reschedule_jobs: ['job_ids', 'run_at', 'attempts'],
} as const;

let outbox: OutboxFixture;

beforeAll(async () => {
  outbox = await OutboxFixture.create();
});
afterAll(() => outbox.close());

describe('An update of graphile-worker has not changed', () => {
  it.each(Object.entries(COLUMNS))('the columns of %s', async (table, columns) => {
    const rows = await outbox.dataSource.query<{ name: string; type: string }[]>(
      'SELECT column_name AS name, data_type AS type FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2',
      [OUTBOX_SCHEMA, table],
    );
    expect(Object.fromEntries(rows.map(({ name, type }) => [name, type]))).toMatchObject(columns);
  });

  it.each(Object.entries(PARAMETERS))('the parameters of %s', async (name, parameters) => {
    const [row] = await outbox.dataSource.query<{ names: string[] }[]>(
      'SELECT proargnames AS names FROM pg_proc WHERE pronamespace = $1::regnamespace AND proname = $2',
      [OUTBOX_SCHEMA, name],
    );
    expect(row?.names).toEqual(expect.arrayContaining([...parameters]));
  });

  it('the order in which a job is given', async () => {
    const rows = await outbox.dataSource.query<{ name: string; type: string }[]>(
      `SELECT attname AS name, atttypid::regtype::text AS type FROM pg_attribute
       WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
      [`${OUTBOX_SCHEMA}.job_spec`],
    );
    expect(rows.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'identifier text',
      'payload json',
      'queue_name text',
      'run_at timestamp with time zone',
      'max_attempts smallint',
      'job_key text',
      'priority smallint',
      'flags text[]',
    ]);
  });

  it('the index along which the next job is found, by a plan that was made while the queue was empty', async () => {
    const settings = { size: 1, connectTimeoutMs: 5_000, name: 'one', sessionSettings: WORKER_SESSION };
    const pool = openPool(outbox.dataSource, 'session', settings);
    const client = await pool.connect();
    try {
      // Leaves its statement prepared on the connection.
      await runTaskListOnce({ schema: OUTBOX_SCHEMA, logger: outboxLogger() }, { nothing: () => undefined }, client);
      await client.query('BEGIN');
      await client.query(
        `INSERT INTO ${OUTBOX_SCHEMA}._private_jobs (task_id, run_at)
         SELECT 1, now() + interval '1 day' FROM generate_series(1, 3000)`,
      );
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN EXECUTE "get_job/${OUTBOX_SCHEMA}" ('worker', '{1}')`,
      );
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      expect(plan).toContain('Index Scan using jobs_main_index on _private_jobs');
      expect(plan).not.toMatch(/Sort|Seq Scan on _private_jobs/);
    } finally {
      client.release(true);
      await pool.end();
    }
  });

  describe('what its workers emit:', () => {
    let pool: Pool;
    let workers: WorkerPool;
    const events: WorkerEvents = new EventEmitter();
    const created: unknown[] = [];
    const options = { schema: OUTBOX_SCHEMA, logger: outboxLogger(), concurrency: 2, noHandleSignals: true };

    beforeAll(() => {
      pool = new Pool({ connectionString: outbox.url, max: 3 });
      events.on('worker:create', ({ worker }) => created.push(worker));
      workers = runTaskList({ ...options, events }, {}, pool);
    });
    afterAll(() => pool.end());

    it('`worker:create`, each with an id and its active job', () => {
      const worker = { workerId: expect.any(String), getActiveJob: expect.any(Function) };
      expect(created).toMatchObject([worker, worker]);
    });

    it('`_shuttingDown`, so that workers that are ending are waited for and not ended twice', async () => {
      expect(workers._shuttingDown).toBe(false);
      const ended = once(events, 'pool:gracefulShutdown:complete');
      const first = endWorkers(workers, 5_000);
      expect(workers._shuttingDown).toBe(true);
      expect(await Promise.all([first, endWorkers(workers, 5_000), ended])).toMatchObject([true, true, {}]);
    });

    it('and a connection that breaks while they end ends no more than that', async () => {
      const fragile = new Pool({ connectionString: outbox.url, max: 3, Client: ResilientClient });
      fragile.on('error', () => undefined);
      allowSecondReturn(fragile);
      const own: WorkerEvents = new EventEmitter();
      const ending = runTaskList({ ...options, events: own }, {}, fragile);
      const rejections: unknown[] = [];
      const note = (error: unknown): void => void rejections.push(error);
      process.on('unhandledRejection', note);
      try {
        const [{ client }] = await once(own, 'pool:listen:success');
        const ended = endWorkers(ending, 5_000);
        closeSocket(client, new Error('The network is gone'));
        expect(await ended).toBe(true);
        await sleep(100);
        expect(rejections).toEqual([]);
      } finally {
        process.off('unhandledRejection', note);
        await fragile.end();
      }
    });

    it('and workers that do not end are not waited for longer than that', async () => {
      const stuck = { _shuttingDown: true, promise: new Promise(() => undefined) } as unknown as WorkerPool;
      expect(await endWorkers(stuck, 10)).toBe(false);
    });
  });
});
