import { BOTH_CORES } from './cores.js';
import { startFloor, startService, type Contestant } from './contestant.js';
import { median } from './measure.js';

/** Time from the start of a process to its first answer, in milliseconds. */
export interface StartTimes {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

export interface StartResult {
  readonly starts: number;
  readonly service: StartTimes;
  readonly floor: StartTimes;
}

/** Each is started so often; one more start before reads the files into memory. */
const STARTS = 7;

/**
 * Starts the service and the floor in turn, each on its migrated database, while nothing else runs; and on both cores, as
 * production binds nothing.
 */
export async function measureStarts(databases: { service: string; floor: string }): Promise<StartResult> {
  const times = { service: Array<number>(), floor: Array<number>() };
  const start = {
    service: () => startService(databases.service, { cores: BOTH_CORES }),
    floor: () => startFloor(databases.floor, { cores: BOTH_CORES }),
  };
  for (let i = 0; i <= STARTS; i++) {
    for (const side of ['service', 'floor'] as const) {
      const contestant: Contestant = await start[side]();
      if (i > 0) times[side].push(contestant.startMs);
      await contestant.kill();
    }
  }
  return { starts: STARTS, service: summary(times.service), floor: summary(times.floor) };
}

const summary = (times: readonly number[]): StartTimes => ({
  median: median(times),
  lowest: Math.min(...times),
  highest: Math.max(...times),
});
