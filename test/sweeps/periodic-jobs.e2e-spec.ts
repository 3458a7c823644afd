import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PeriodicJobs } from '../../src/sweeps/periodic-jobs.js';
import { Sweeper } from '../../src/sweeps/sweeper.js';
import { startApp, type TestApp } from '../support/app.js';

describe('Periodic jobs', () => {
  let here: TestApp;
  let there: TestApp;

  beforeAll(async () => {
    here = await startApp();
    there = await startApp({ beside: here });
    for (const app of [here, there]) await app.nest.get(Sweeper, { strict: false }).onModuleDestroy();
  });
  afterAll(async () => {
    await there.stop();
    await here.stop();
  });

  const register = (name: string, run: () => Promise<void>): void => {
    for (const app of [here, there]) {
      app.nest.get(PeriodicJobs, { strict: false }).register({ name, everySeconds: 3_600, run });
    }
  };
  const tick = () => Promise.all([here, there].map((app) => app.nest.get(Sweeper, { strict: false }).tick()));
  const secondsUntil = async (name: string): Promise<number> => {
    const [row] = await here.sql<{ seconds: number }>(
      'SELECT extract(epoch FROM due_at - now())::float8 AS seconds FROM sweeps WHERE name = $1',
      [name],
    );
    return row?.seconds ?? NaN;
  };

  it('are run once by all instances together, and again after their interval', async () => {
    let runs = 0;
    register('test.hourly', async () => void runs++);
    await tick();
    await tick();
    expect(runs).toBe(1);
    expect(await secondsUntil('test.hourly')).toBeGreaterThan(3_000);
    await here.sql(`UPDATE sweeps SET due_at = now() WHERE name = 'test.hourly'`);
    await tick();
    expect(runs).toBe(2);
  });

  it('that fail are run again within a minute, and keep no others from running', async () => {
    let runs = 0;
    register('test.failing', () => Promise.reject(new Error('The printer is on fire')));
    register('test.after', async () => void runs++);
    await tick();
    expect(runs).toBe(1);
    expect(await secondsUntil('test.failing')).toBeLessThanOrEqual(60);
  });
});
