import { Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Actor, Actor as SignedInActor } from '../../src/auth/authorization/actor.js';
import { Roles } from '../../src/auth/authorization/roles.js';
import { sql, Transactions } from '../../src/json-api/sql/sql.js';
import { JobsService } from '../../src/jobs/jobs.service.js';
import { listening } from '../events/listeners.js';
import { eventually } from '../outbox/outbox-fixture.js';
import { startApp, type TestApp } from '../support/app.js';
import { admin } from '../support/factories.js';
import { sweepNow } from '../sweeps/sweep-now.js';

declare module '../../src/jobs/job-kind.js' {
  interface JobInputs {
    'test:counting.run': { upTo: number; failAt?: number };
  }
}

/** Counts in the database, so that what a step did differs from how often it was called. */
@Injectable()
class Counting implements OnModuleInit {
  calls = 0;
  /** Steps fail as long as it is true. */
  isBroken = false;

  constructor(private readonly jobs: JobsService) {}

  onModuleInit(): void {
    this.jobs.register({
      name: 'test:counting.run',
      step: async ({ upTo, failAt }, tx) => {
        this.calls++;
        const [row] = await tx.query<{ n: number }>(sql`UPDATE counting SET n = n + 1 RETURNING n`);
        const n = row?.n ?? 0;
        if (n === failAt && this.isBroken) throw new Error('relation "counting" is somehow broken');
        return { handled: 1, isDone: n >= upTo, errors: [{ code: 'odd', detail: `Step ${n}` }] };
      },
    });
  }
}

@Module({ providers: [Counting] })
class CountingModule {}

describe('A job', () => {
  let app: TestApp;
  let actor: Actor;

  beforeAll(async () => {
    app = await startApp({ extension: listening(CountingModule) });
    await app.sql('CREATE TABLE counting (n integer NOT NULL)');
    const { id } = await admin(app);
    const role = app.nest.get(Roles).get('admin');
    if (!role) throw new Error('There is no role admin');
    actor = new SignedInActor({
      id,
      sessionId: '',
      email: 'admin@example.com',
      name: 'Admin',
      pictureUrl: null,
      role,
      organizationIds: [],
      roleScopeExtra: {},
    });
  });
  afterAll(() => app.stop());

  /** Queues a job, and gives its id. */
  async function start(input: { upTo: number; failAt?: number }): Promise<string> {
    await app.sql('TRUNCATE counting');
    await app.sql('INSERT INTO counting VALUES (0)');
    const item = await app.nest
      .get(Transactions)
      .run((tx) => app.nest.get(JobsService).start(tx, actor, 'test:counting.run', { input, total: input.upTo }));
    return item.row.id;
  }

  const attributes = async (id: string) => (await (await admin(app)).get(`/jobs/${id}`)).body.data.attributes;
  const until = (id: string, status: string) =>
    eventually(async () => (await attributes(id)).status === status, 30_000);

  it('is done step by step, and keeps the first 100 of its errors', async () => {
    const id = await start({ upTo: 130 });
    await until(id, 'succeeded');
    const job = await attributes(id);
    expect(job).toMatchObject({ kind: 'test:counting.run', progress: 130, total: 130 });
    expect(job.errors).toHaveLength(100);
    expect([job.errors[0], job.errors[99]]).toEqual([
      { code: 'odd', detail: 'Step 1' },
      { code: 'odd', detail: 'Step 100' },
    ]);
    expect(new Date(job.started_at).getTime()).toBeLessThanOrEqual(new Date(job.finished_at).getTime());
  });

  it('rolls back a step that fails, tries it again, and does not reveal the database error', async () => {
    const counting = app.nest.get(Counting, { strict: false });
    counting.isBroken = true;
    const id = await start({ upTo: 5, failAt: 3 });
    await eventually(async () => (await attributes(id)).errors.length === 3);
    const broken = await attributes(id);
    expect(broken).toMatchObject({ status: 'running', progress: 2, finished_at: null });
    expect(broken.errors[2]).toEqual({ code: 'internal_error', detail: 'A step failed and will be retried' });
    expect(JSON.stringify(broken)).not.toContain('relation');
    counting.isBroken = false;
    await app.sql('UPDATE graphile_worker._private_jobs SET run_at = now()');
    await until(id, 'succeeded');
    expect((await attributes(id)).progress).toBe(5);
    expect(await app.sql('SELECT n FROM counting')).toEqual([{ n: 5 }]);
  });

  it('that failed for good says so, and goes on when an operator has its letter sent again', async () => {
    const counting = app.nest.get(Counting, { strict: false });
    counting.isBroken = true;
    const id = await start({ upTo: 3, failAt: 2 });
    await eventually(async () => (await attributes(id)).errors.length === 2);
    await app.sql('UPDATE graphile_worker._private_jobs SET attempts = max_attempts - 1, run_at = now()');
    await until(id, 'failed');
    expect((await attributes(id)).finished_at).not.toBeNull();
    counting.isBroken = false;
    await app.sql('UPDATE graphile_worker._private_jobs SET attempts = 0, run_at = now()');
    await until(id, 'succeeded');
  });

  it('can be looked at for 30 days after its end', async () => {
    const [old, young] = [await start({ upTo: 1 }), await start({ upTo: 1 })];
    for (const id of [old, young]) await until(id, 'succeeded');
    await app.sql("UPDATE jobs SET finished_at = now() - interval '31 days' WHERE id = $1", [old]);
    await sweepNow(app);
    const left = await app.sql<{ id: string }>('SELECT id FROM jobs WHERE id = ANY ($1)', [[old, young]]);
    expect(left).toEqual([{ id: young }]);
  });
});
