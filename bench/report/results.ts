import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { whyNotBound } from '../cores.js';
import type { HashingResult, RowResult } from '../measure.js';
import type { SetupName } from '../setups.js';
import type { StartResult } from '../start.js';

/** What one set-up came to. */
export interface SetupResults {
  readonly name: SetupName;
  readonly connections: number;
  readonly rows: readonly RowResult[];
  /** Resident memory in MB: of the service before and after all the rows, and of the floor after them. */
  readonly memoryMb: { readonly idle: number; readonly after: number; readonly floor: number };
  /** Absent in the second set-up, and when the run left it out. */
  readonly hashing?: HashingResult;
  readonly start?: StartResult;
}

/** A set-up that cannot be measured here. */
export interface LeftOut {
  readonly name: SetupName;
  readonly reason: string;
}

/** A run's results, as they stand in `bench/results/latest.json`. */
export interface Results {
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGb: number;
    readonly node: string;
    readonly server: string;
    /** Whether what is measured and what measures had a core each. */
    readonly pinned: boolean;
  };
  readonly measuredAt: string;
  readonly accounts: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly setups: readonly SetupResults[];
  readonly leftOut: readonly LeftOut[];
}

/** How the time of one read grows with the table, in milliseconds. */
export interface Growth {
  readonly read: string;
  readonly small: number;
  readonly large: number;
  readonly ratio: number;
}

/** A run of `growth`, as it stands in `bench/results/growth.json`. */
export interface GrowthResults {
  readonly machine: Results['machine'];
  readonly measuredAt: string;
  /** Accounts of the small database, and of the large one. */
  readonly small: number;
  readonly accounts: number;
  /** A list, a search, a scroll and a counted page. */
  readonly pages: readonly Growth[];
  /** Every documented filter and sort; empty when the run left them out. */
  readonly rows: readonly Growth[];
}

const LATEST = 'bench/results/latest.json';
const GROWTH = 'bench/results/growth.json';

export const describeMachine = (server: string): Results['machine'] => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 1024 ** 3),
  node: process.version,
  server,
  pinned: whyNotBound === null,
});

/** Writes the results of a run down. */
export const save = (results: Results): Promise<void> => write(LATEST, results);
export const saveGrowth = (results: GrowthResults): Promise<void> => write(GROWTH, results);

async function write(file: string, results: object): Promise<void> {
  const round = (_key: string, value: unknown): unknown =>
    typeof value === 'number' ? Number(value.toPrecision(4)) : value;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(results, round, 2)}\n`);
}

/** The latest results; null when there are none. */
export const latest = (): Promise<Results | null> => read<Results>(LATEST);
export const latestGrowth = (): Promise<GrowthResults | null> => read<GrowthResults>(GROWTH);

async function read<Kind>(file: string): Promise<Kind | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  return text === null ? null : JSON.parse(text);
}
