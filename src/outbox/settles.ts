import { setTimeout as sleep } from 'node:timers/promises';

/** Whether the work is over, well or not, within this time in milliseconds. It goes on when it is not. */
export async function settles(work: Promise<unknown>, withinMs: number): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(withinMs, false, { signal: timer.signal }).catch(() => false);
  const settled = work.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    timer.abort();
  }
}
