import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { OutboxHandlers } from '../../src/outbox/outbox.handlers.js';
import { migrateOutbox } from '../../src/outbox/outbox.migrate.js';
import { MAX_ATTEMPTS, Outbox } from '../../src/outbox/outbox.js';
import { forkProgram } from '../support/program.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { OutboxFixture, PatientSettings, TASK, eventually } from './outbox-fixture.js';

describe('The outbox', () => {
  let fixture: OutboxFixture;

  beforeEach(async () => {
    for (const level of ['error', 'warn', 'debug'] as const) {
      jest.spyOn(Logger.prototype, level).mockImplementation(() => undefined);
    }
    fixture = await OutboxFixture.create();
  });
  afterEach(async () => {
    await fixture.close();
    jest.restoreAllMocks();
  });

  /** A worker that writes down what it did. */
  function recorder() {
    const done: string[] = [];
    fixture.start(async ({ email }) => void done.push(email));
    return done;
  }

  it('runs a job after the commit, and then forgets it', async () => {
    const done = recorder();
    await fixture.enqueue('jane@example.com');
    await eventually(() => done.length > 0);
    await eventually(async () => (await fixture.jobs()).length === 0);
    expect(done).toEqual(['jane@example.com']);
  });

  it('never runs a job whose transaction rolled back, and none before the commit', async () => {
    const done = recorder();
    const failed = fixture.transactions.run(async (tx) => {
      await new Outbox().enqueue(tx, TASK, { email: 'phantom@example.com' });
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    await fixture.transactions.run(async (tx) => {
      await new Outbox().enqueue(tx, TASK, { email: 'late@example.com' });
      await sleep(400);
      expect(done).toEqual([]);
    });
    await eventually(() => done.length > 0);
    expect(done).toEqual(['late@example.com']);
  });

  it('runs what was queued while no worker was there', async () => {
    await fixture.enqueue('early@example.com');
    const done = recorder();
    await eventually(() => done.length > 0);
    expect(done).toEqual(['early@example.com']);
  });

  it('lets a later job take the place of a waiting one with the same key', async () => {
    await fixture.enqueue('first@example.com', 'jane');
    await fixture.enqueue('second@example.com', 'jane');
    await fixture.enqueue('other@example.com', 'john');
    const done = recorder();
    await eventually(async () => (await fixture.jobs()).length === 0);
    expect(done.sort()).toEqual(['other@example.com', 'second@example.com']);
  });

  it('queues another job when a worker takes the waiting one at the very moment when it is to be replaced', async () => {
    await fixture.enqueue('first@example.com', 'jane');
    // Holds up the second of the library's two statements, until the worker has come in between.
    await fixture.dataSource.query(`
      CREATE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END $$;
      CREATE TRIGGER hold_up BEFORE INSERT ON graphile_worker._private_jobs FOR EACH ROW EXECUTE FUNCTION hold_up()`);
    const holder = fixture.dataSource.createQueryRunner();
    await holder.query('SELECT pg_advisory_lock(1)');
    const replaced = fixture.enqueue('second@example.com', 'jane');
    const waiting = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = 1`;
    await eventually(async () => (await fixture.dataSource.query<unknown[]>(waiting)).length > 0);
    const done: string[] = [];
    fixture.start(async ({ email }) => {
      done.push(email);
      if (email === 'first@example.com') await replaced;
    });
    await eventually(() => done.includes('first@example.com'));
    await holder.query('SELECT pg_advisory_unlock(1)');
    await holder.release();
    await replaced;
    await eventually(() => done.includes('second@example.com'));
  });

  it('does not try a started job again once a later one with its key is there', async () => {
    const tries: string[] = [];
    let replaced = false;
    fixture.start(async ({ email }) => {
      tries.push(email);
      if (email !== 'old@example.com') return;
      await eventually(() => replaced);
      throw new Error('relay down');
    });
    await fixture.enqueue('old@example.com', 'jane');
    await eventually(() => tries.length > 0);
    await fixture.enqueue('new@example.com', 'jane');
    replaced = true;
    await eventually(async () => {
      const jobs = await fixture.jobs();
      return jobs.length === 1 && jobs[0]?.last_error && tries.length === 2;
    });
    expect(tries).toEqual(['old@example.com', 'new@example.com']);
    expect(await fixture.jobs()).toMatchObject([{ attempts: MAX_ATTEMPTS, max_attempts: MAX_ATTEMPTS }]);
  });

  it('tries a failed job again, with growing delays', async () => {
    const tries: number[] = [];
    fixture.start(async (_payload, job) => {
      tries.push(job.attempt);
      if (job.attempt < 2) throw new Error('relay down');
    });
    await fixture.enqueue('jane@example.com');
    const [job] = await eventually(async () => {
      const jobs = await fixture.jobs();
      return jobs[0]?.last_error ? jobs : null;
    }).then((jobs) => jobs ?? []);
    expect(job).toMatchObject({ attempts: 1, max_attempts: MAX_ATTEMPTS, last_error: 'relay down', locked_by: null });
    expect(job?.due).toBeGreaterThan(1.5);
    expect(job?.due).toBeLessThan(2.8);
    await eventually(() => tries.length === 2);
    expect(tries).toEqual([1, 2]);
  });

  it('keeps a job for a day and then leaves it for an operator to see', async () => {
    // The delay after try n is e^min(n, 10) seconds.
    const seconds = Array.from({ length: MAX_ATTEMPTS - 1 }, (_, i) => Math.exp(Math.min(i + 1, 10)));
    const hours = seconds.reduce((sum, delay) => sum + delay, 0) / 3600;
    expect(hours).toBeGreaterThan(24);
    expect(hours).toBeLessThan(30);
    await fixture.enqueue('jane@example.com');
    await fixture.dataSource.query('UPDATE graphile_worker._private_jobs SET attempts = max_attempts - 1');
    let tries = 0;
    fixture.start(async () => {
      tries++;
      throw new Error('relay down for good');
    });
    await eventually(async () => (await fixture.jobs())[0]?.last_error);
    await fixture.dataSource.query('UPDATE graphile_worker._private_jobs SET run_at = now()');
    await sleep(500);
    expect(tries).toBe(1);
    expect(await fixture.jobs()).toMatchObject([
      { attempts: MAX_ATTEMPTS, max_attempts: MAX_ATTEMPTS, last_error: 'relay down for good', locked_by: null },
    ]);
  });

  it('runs each of many jobs once, however many instances share them', async () => {
    const done: string[] = [];
    for (let i = 0; i < 3; i++)
      fixture.start(async ({ email }) => void done.push(email), fixture.url, new PatientSettings());
    const emails = Array.from({ length: 200 }, (_, i) => `${i}@example.com`);
    for (const email of emails) await fixture.enqueue(email);
    await eventually(async () => (await fixture.jobs()).length === 0);
    expect(done.sort()).toEqual(emails.sort());
  });

  it('gives the job of a killed instance to another one within moments', async () => {
    const child = forkProgram('test/outbox/outbox-process.ts', [fixture.url]);
    await fixture.enqueue('jane@example.com');
    expect(await once(child, 'message')).toEqual(['jane@example.com', undefined]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await fixture.jobs()).toMatchObject([{ attempts: 1, locked_by: expect.stringContaining('worker-') }]);
    const start = Date.now();
    const done = recorder();
    await eventually(() => done.length > 0);
    expect(done).toEqual(['jane@example.com']);
    expect(Date.now() - start).toBeLessThan(3_000);
  });

  it('leaves a long job to the instance that lives and works on it', async () => {
    let runs = 0;
    const slow = async () => {
      runs++;
      // Several looks of the other instance for orphans, and less than the hooks' time.
      await sleep(1_500);
    };
    fixture.start(slow);
    fixture.start(slow);
    await fixture.enqueue('jane@example.com');
    await eventually(() => runs > 0);
    await eventually(async () => (await fixture.jobs()).length === 0);
    expect(runs).toBe(1);
  });

  it('goes on after its connections were cut, also in the middle of a job', async () => {
    // The library traces to the console what stopped its worker.
    jest.spyOn(console, 'trace').mockImplementation(() => undefined);
    const tries: number[] = [];
    fixture.start(async (_payload, job) => {
      tries.push(job.attempt);
      if (tries.length > 1) return;
      await fixture.dataSource.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'iam outbox' AND datname = current_database()`,
      );
    });
    await fixture.enqueue('first@example.com');
    await eventually(() => tries.length > 0);
    await fixture.enqueue('second@example.com');
    await eventually(async () => (await fixture.jobs()).length === 0);
    expect(tries.length).toBeGreaterThanOrEqual(2);
  });

  it('goes on after the database was read-only when it started', async () => {
    const setReadOnly = (value: string): Promise<unknown> =>
      fixture.dataSource.query(
        `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = ${value}', current_database()); END $$`,
      );
    await fixture.enqueue('jane@example.com');
    await setReadOnly('on');
    const done = recorder();
    await sleep(500);
    await setReadOnly('off');
    await eventually(() => done.length > 0);
    expect(done).toEqual(['jane@example.com']);
  });

  it('runs the job that a worker was given over a connection that broke before the worker heard of it', async () => {
    const proxy = await TcpProxy.open(fixture.url);
    await fixture.enqueue('jane@example.com');
    proxy.loseResponseWith('jane@example.com');
    const tries: number[] = [];
    const worker = fixture.start(async (_payload, job) => void tries.push(job.attempt), proxy.url);
    try {
      await eventually(async () => (await fixture.jobs()).length === 0);
      expect(tries).toEqual([2]);
    } finally {
      await worker.onModuleDestroy();
      await proxy.close();
    }
  });

  it('starts anew when its library could not look up its tasks, since that keeps the failure', async () => {
    const proxy = await TcpProxy.open(fixture.url);
    await fixture.enqueue('jane@example.com');
    // A column of the library's own query.
    proxy.loseResponseWith('identifier');
    const done = jest.fn<() => Promise<void>>(async () => undefined);
    const worker = fixture.start(done, proxy.url);
    try {
      await eventually(() => done.mock.calls.length === 1);
    } finally {
      await worker.onModuleDestroy();
      await proxy.close();
    }
  });

  it('shows that its workers live, again whenever the connection breaks on which it does', async () => {
    const shown = async () => {
      const rows = await fixture.dataSource.query<{ pid: number }[]>(
        `SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid)
         WHERE locktype = 'advisory' AND application_name = 'iam outbox' AND datname = current_database()`,
      );
      return rows[0]?.pid;
    };
    recorder();
    const first = await eventually(shown);
    await fixture.dataSource.query('SELECT pg_terminate_backend($1)', [first]);
    await eventually(async () => ((await shown()) ?? first) !== first);
  });

  it('does not need the crontab of its library', async () => {
    await fixture.dataSource.query('DROP TABLE graphile_worker._private_known_crontabs');
    const done = jest.fn<() => Promise<void>>(async () => undefined);
    fixture.start(done);
    await fixture.enqueue('first@example.com');
    await eventually(() => done.mock.calls.length === 1);
  });

  it('waits for running jobs when it stops', async () => {
    let done = false;
    let started = false;
    const worker = fixture.start(async () => {
      started = true;
      await sleep(150);
      done = true;
    });
    await fixture.enqueue('jane@example.com');
    await eventually(() => started);
    await worker.onModuleDestroy();
    expect(done).toBe(true);
    expect(await fixture.jobs()).toEqual([]);
  });

  it('waits for them also when its library has begun to stop by itself', async () => {
    let started = false;
    const worker = fixture.start(async () => {
      started = true;
      await sleep(200);
    });
    await fixture.enqueue('jane@example.com');
    await eventually(() => started);
    // What a newer release of the library says when it changes the schema.
    await fixture.dataSource.query(`SELECT pg_notify('worker:migrate', '{"migrationNumber": 99, "breaking": true}')`);
    await eventually(() => process.exitCode === 57);
    process.exitCode = undefined;
    await worker.onModuleDestroy();
    expect(await fixture.jobs()).toEqual([]);
  });

  it('waits until the ends of jobs are stored when it stops', async () => {
    await fixture.dataSource.query(`
      CREATE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.1); RETURN OLD; END $$;
      CREATE TRIGGER hold_up BEFORE DELETE ON graphile_worker._private_jobs FOR EACH ROW EXECUTE FUNCTION hold_up()`);
    let done = false;
    const worker = fixture.start(async () => void (done = true));
    await fixture.enqueue('jane@example.com');
    await eventually(() => done);
    await worker.onModuleDestroy();
    expect(await fixture.jobs()).toEqual([]);
  });

  it('hands a job back that does not end in time when it stops', async () => {
    let aborted = false;
    let started = false;
    const worker = fixture.start(async (_payload, job) => {
      job.signal.addEventListener('abort', () => (aborted = true));
      started = true;
      await sleep(3_600_000, undefined, { ref: false });
    });
    await fixture.enqueue('jane@example.com');
    await eventually(() => started);
    const start = Date.now();
    await worker.onModuleDestroy();
    expect(Date.now() - start).toBeLessThan(1_500);
    expect(aborted).toBe(true);
    expect(await fixture.jobs()).toMatchObject([{ attempts: 1, locked_by: null }]);
  });

  it('stops at once when it has nothing to do, or never got to its database', async () => {
    const idle = fixture.start(async () => undefined);
    await sleep(200);
    const start = Date.now();
    await idle.onModuleDestroy();
    await fixture.dataSource.query('DROP SCHEMA graphile_worker CASCADE');
    await fixture.start(async () => undefined).onModuleDestroy();
    expect(Date.now() - start).toBeLessThan(1_000);
  });

  it('writes no payload into the log, whatever happens to the job', async () => {
    fixture.start(async () => {
      throw new Error('relay down');
    });
    await fixture.enqueue('canary@example.com');
    await eventually(async () => (await fixture.jobs())[0]?.last_error);
    const levels = ['error', 'warn', 'debug'] as const;
    const lines = levels.flatMap((level) => jest.mocked(Logger.prototype[level]).mock.calls.flat());
    expect(lines.join('\n')).toContain('relay down');
    expect(JSON.stringify(lines)).not.toContain('canary');
  });

  it('is migrated once by several processes that start at the same time', async () => {
    await fixture.dataSource.query('DROP SCHEMA graphile_worker CASCADE');
    await Promise.all(Array.from({ length: 5 }, () => migrateOutbox(fixture.url)));
    const done = recorder();
    await fixture.enqueue('jane@example.com');
    await eventually(() => done.length > 0);
  });

  it('rejects two handlers for one task', () => {
    const handlers = new OutboxHandlers();
    handlers.register(TASK, async () => undefined);
    expect(() => handlers.register(TASK, async () => undefined)).toThrow(TASK);
  });
});
