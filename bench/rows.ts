import type { Traffic } from './load.js';
import { READING } from './rows/reading.js';
import { WRITING } from './rows/writing.js';

export type Side = 'service' | 'floor';

/** A pattern for each number of matches that a search is measured with. */
export type Matches = 'one' | 'twenty' | 'oneIn64' | 'half' | 'all';

/** What a row's requests are made of. */
export interface Material {
  /** Headers of an admin and of a plain user, as the service wants them. */
  readonly admin: Record<string, string>;
  readonly user: Record<string, string>;
  /** The same of an API key of the admin. */
  readonly key: Record<string, string>;
  /** Headers of a session, as the floor wants them. */
  readonly session: Record<string, string>;
  /** Ids of accounts, from all over the table. */
  readonly ids: readonly string[];
  readonly accounts: number;
  /** Goes on to the last 50 accounts. */
  readonly lastCursor: string;
  /** Values of `filter[name__match]`. */
  readonly patterns: Readonly<Record<Matches, string>>;
  /** What is sent to sign in: to the service who it is, to the floor also the hash to compare. */
  readonly login: Readonly<Record<Side, Readonly<Record<string, string>>>>;
  /** Makes tokens that each start a chain of refreshes, one a connection. */
  refreshTokens(side: Side): Promise<string[]>;
}

/** One row of the table: the same requests to both sides. */
export interface Row {
  readonly name: string;
  /** For docs/performance.md: what is asked of the service, and what the floor does for it. */
  readonly meaning: string;
  /** Left out of the second set-up: hashing and long reads are the same there, or say nothing more. */
  readonly firstSetupOnly?: boolean;
  /** Length of a measurement at least, in seconds, where only a few requests a second are answered. */
  readonly minSeconds?: number;
  traffic(material: Material, side: Side): Traffic | Promise<Traffic>;
}

/** Every row that is measured under load, in the order of the table. */
export const ROWS: readonly Row[] = [...READING, ...WRITING];

/** @throws Error when there is none of that name */
export function rowNamed(name: string): Row {
  const row = ROWS.find((one) => one.name === name);
  if (!row) throw new Error(`There is no row "${name}"`);
  return row;
}
