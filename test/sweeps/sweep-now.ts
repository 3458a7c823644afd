import { Sweeper } from '../../src/sweeps/sweeper.js';
import type { TestApp } from '../support/app.js';

/** Makes every sweep due, and lets this instance do them; gives the number of rows that it deleted. */
export async function sweepNow(app: TestApp): Promise<number> {
  const sweeper = app.nest.get(Sweeper, { strict: false });
  // No longer by itself as well.
  await sweeper.onModuleDestroy();
  await app.sql('TRUNCATE sweeps');
  return sweeper.tick();
}
