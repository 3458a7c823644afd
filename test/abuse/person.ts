import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type Shot } from './requests.js';

/** How long a person waited for answers, in ms. */
export interface Waits {
  readonly responses: number;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  /** Answers that were not 200. */
  readonly failed: number;
}

/** Time between two requests of a person, in ms. */
const PAUSE_MS = 15;

/** Sends one request after the other, and reports how long their responses took. */
export async function watch(url: string, shot: Shot, durationMs: number): Promise<Waits> {
  const client = new Client(url);
  const times: number[] = [];
  let failed = 0;
  for (const until = performance.now() + durationMs; performance.now() < until; await sleep(PAUSE_MS)) {
    const { status, ms } = await client.send(shot);
    times.push(ms);
    if (status !== 200) failed++;
  }
  client.close();
  times.sort((left, right) => left - right);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { responses: times.length, p50: at(0.5), p99: at(0.99), longest: at(1), failed };
}
