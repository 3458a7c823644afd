import { setTimeout as sleep } from 'node:timers/promises';
import type { Contestant } from './contestant.js';
import { fire, type LoadOptions, type Measured } from './load.js';
import { ROWS, type Material, type Row, type Side } from './rows.js';
import { p99AtRate } from './constant-rate.js';

/** What a row came to. Requests a second; `p99` is the service's, in milliseconds. */
export interface RowResult {
  readonly name: string;
  readonly service: number;
  readonly floor: number;
  readonly ratio: number;
  readonly p99: number;
}

/** What `show` costs while every sign-in slot is taken, and without. In milliseconds. */
export interface HashingResult {
  readonly idleP99: number;
  readonly busyP99: number;
  readonly ratio: number;
}

export interface Setup {
  readonly contestants: Readonly<Record<Side, Contestant>>;
  readonly material: Material;
  readonly rounds: number;
  readonly load: LoadOptions;
}

/** Before a row is measured, both sides run it for so long, in seconds: code is compiled and pages are read. */
const WARM_UP_SECONDS = 2;
/** Sign-ins at once while `show` is watched: more than are hashed at a time, fewer than are rejected. */
const SIGN_INS = 8;
/** Requests a second of `show` meanwhile: few, since it is not its own load that is looked at. */
const WATCHED_RATE = 100;

/** Service and floor in turn, and the medians of the rounds. */
export async function measureRow(row: Row, { contestants, material, rounds, load }: Setup): Promise<RowResult> {
  const run = async (side: Side, seconds: number): Promise<Measured> =>
    fire(contestants[side].url, await row.traffic(material, side), { ...load, seconds });
  const found: Record<Side, Measured[]> = { service: [], floor: [] };
  for (const side of ['service', 'floor'] as const) await run(side, Math.min(WARM_UP_SECONDS, load.seconds));
  for (let round = 0; round < rounds; round++) {
    found.service.push(await run('service', load.seconds));
    found.floor.push(await run('floor', load.seconds));
  }
  const service = median(found.service.map(({ perSecond }) => perSecond));
  const floor = median(found.floor.map(({ perSecond }) => perSecond));
  return { name: row.name, service, floor, ratio: service / floor, p99: median(found.service.map(({ p99 }) => p99)) };
}

/** `show` at a constant, low rate: alone, and while sign-ins keep every slot of the hashing busy; in turn. */
export async function measureHashing({ contestants, material, rounds, load }: Setup): Promise<HashingResult> {
  const traffic = (name: string) => ROWS.find((row) => row.name === name)?.traffic(material, 'service');
  const [show, signIn] = await Promise.all([traffic('show'), traffic('sign-in')]);
  if (!show || !signIn) throw new Error('The rows show and sign-in are gone');
  const { url } = contestants.service;
  const watch = (): Promise<number> => p99AtRate(url, show, WATCHED_RATE, load.seconds);
  const idle: number[] = [];
  const busy: number[] = [];
  for (let round = 0; round < rounds; round++) {
    idle.push(await watch());
    const hashing = fire(url, signIn, { connections: SIGN_INS, seconds: load.seconds + 2 });
    await sleep(1_000);
    busy.push(await watch());
    await hashing;
  }
  const [idleP99, busyP99] = [median(idle), median(busy)];
  return { idleP99, busyP99, ratio: busyP99 / idleP99 };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
