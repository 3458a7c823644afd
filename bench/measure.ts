import { setTimeout as sleep } from 'node:timers/promises';
import { p99AtRate } from './constant-rate.js';
import type { Contestant } from './contestant.js';
import { cpuPerRequest } from './cpu-time.js';
import { fire, type LoadOptions, type Measured } from './load.js';
import { rowNamed, type Material, type Row, type Side } from './rows.js';

/** Who takes turns. The control is a second process of the floor: what it differs from the first is noise. */
export type Contender = Side | 'control';

/** What a row came to. Requests a second; `p99` is the service's, in milliseconds. */
export interface RowResult {
  readonly name: string;
  readonly service: number;
  readonly floor: number;
  /** Of service to floor: the median of the rounds, the lowest and the highest. */
  readonly ratio: number;
  readonly range: readonly [lowest: number, highest: number];
  /** The largest difference between the floor and its control in a round, as a share: 0.03 is 3 %. */
  readonly noise: number;
  readonly p99: number | null;
  /** CPU time of a request in microseconds, that of PostgreSQL included; null where it is not known. */
  readonly cpu: { readonly service: number; readonly floor: number } | null;
}

/** What `show` costs while every sign-in slot is taken, and without. In milliseconds. */
export interface HashingResult {
  readonly idleP99: number;
  readonly busyP99: number;
  readonly ratio: number;
}

export interface Setup {
  readonly contestants: Readonly<Record<Contender, Contestant>>;
  readonly material: Material;
  readonly rounds: number;
  readonly load: LoadOptions;
  /** CPU time of PostgreSQL so far, in milliseconds; NaN where that is not known. */
  databaseCpuMs(): number;
}

/** What one turn came to; `p99` and `cpu` as in {@link RowResult}. */
interface Turn extends Pick<Measured, 'perSecond'> {
  readonly p99: number | null;
  readonly cpu: number;
}

/**
 * Before a row is measured, each runs it for at most so long, in seconds: code is compiled and pages are read. The service
 * has more of both. A request with a body needs half of the CPU once V8 has optimized its code, after some 3,000 of them.
 */
const WARM_UP_SECONDS: Readonly<Record<Contender, number>> = { service: 5, floor: 2, control: 2 };
/** The same in turns, where these are short. */
const WARM_UP_TURNS = 3;
/** Of the requests of a turn, in one burst of the warm-up. The first burst is one request a connection. */
const WARM_UP_SHARE = 0.25;
/** Sign-ins at once while `show` is watched: more than are hashed at a time, fewer than are rejected. */
const SIGN_INS = 8;
/** Requests a second of `show` meanwhile: few, since it is not its own load that is looked at. */
const WATCHED_RATE = 100;

const CONTENDERS: readonly Contender[] = ['service', 'floor', 'control'];

/**
 * Service, floor and control in turn, and the medians of the rounds. Each is sent as many requests in a turn as it would
 * have answered in that time at its last rate, and all are answered before the next turn begins: PostgreSQL is not busy
 * with what is left of the last one.
 */
export async function measureRow(row: Row, setup: Setup): Promise<RowResult> {
  const { contestants, material, rounds, load } = setup;
  const { connections } = load;
  const seconds = Math.max(load.seconds, row.minSeconds ?? 0);
  const traffic = { service: await row.traffic(material, 'service'), floor: await row.traffic(material, 'floor') };
  const run = async (contender: Contender, requests: number): Promise<Measured> => {
    const count = Math.max(connections, Math.round(requests));
    const sent = contender === 'service' ? traffic.service : traffic.floor;
    return fire(contestants[contender].url, sent, { connections, requests: count });
  };
  const perTurn: Record<Contender, number> = { service: 0, floor: 0, control: 0 };
  const measure = async (contender: Contender, share: number): Promise<Measured> => {
    const measured = await run(contender, perTurn[contender] * share);
    perTurn[contender] = measured.perSecond * seconds;
    return measured;
  };
  for (const contender of CONTENDERS) {
    let left = Math.min(WARM_UP_SECONDS[contender], WARM_UP_TURNS * seconds);
    while (left > 0) left -= (await measure(contender, WARM_UP_SHARE)).seconds;
  }
  return takeTurns(row.name, rounds, async (contender) => {
    const cpuOf = cpuClock(setup, contender);
    const measured = await measure(contender, 1);
    return { ...measured, cpu: cpuOf(measured.responses) };
  });
}

/** Starts to count the CPU time of a contender and of PostgreSQL; returns what it is for each of so many requests. */
export const cpuClock = (
  { contestants, databaseCpuMs }: Setup,
  contender: Contender,
): ReturnType<typeof cpuPerRequest> => cpuPerRequest(() => contestants[contender].cpuMs() + databaseCpuMs());

/** In each round another one begins, so that none always runs after the same. */
export async function takeTurns(
  name: string,
  rounds: number,
  measure: (contender: Contender) => Promise<Turn>,
): Promise<RowResult> {
  const found: Record<Contender, number[]> = { service: [], floor: [], control: [] };
  const cpu: Record<Contender, number[]> = { service: [], floor: [], control: [] };
  const slowest: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const first = round % CONTENDERS.length;
    for (const contender of [...CONTENDERS.slice(first), ...CONTENDERS.slice(0, first)]) {
      const { perSecond, p99, cpu: each } = await measure(contender);
      found[contender].push(perSecond);
      cpu[contender].push(each);
      if (contender === 'service' && p99 !== null) slowest.push(p99);
    }
  }
  const ratios = (contender: Contender): number[] =>
    found[contender].map((value, round) => value / (found.floor[round] ?? Number.NaN));
  return {
    name,
    service: median(found.service),
    floor: median(found.floor),
    ratio: median(ratios('service')),
    range: [Math.min(...ratios('service')), Math.max(...ratios('service'))],
    noise: Math.max(...ratios('control').map((ratio) => Math.abs(ratio - 1))),
    p99: slowest.length === 0 ? null : median(slowest),
    cpu: Number.isNaN(median(cpu.service)) ? null : { service: median(cpu.service), floor: median(cpu.floor) },
  };
}

/** `show` at a constant, low rate: alone, and while sign-ins keep every slot of the hashing busy; in turn. */
export async function measureHashing({ contestants, material, rounds, load }: Setup): Promise<HashingResult> {
  const [show, signIn] = [
    await rowNamed('show').traffic(material, 'service'),
    await rowNamed('sign-in').traffic(material, 'service'),
  ];
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
