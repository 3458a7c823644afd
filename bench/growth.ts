import { writeFile } from 'node:fs/promises';
import type { QueryResultRow } from 'pg';
import { filterAddresses, RESOURCES, sampleRows, sortAddresses, sortsOf, type Run } from './addresses.js';
import { startService } from './contestant.js';
import { openBenchDatabase, withClient } from './database.js';
import { gather } from './material.js';
import { median } from './measure.js';

/** The size that the other one is compared with. */
const SMALL = 10_000;
/** Each address is asked for so often, one request at a time; the median counts. */
const REQUESTS = 15;
/** Addresses that are listed, those that grow most. */
const LISTED = 15;

/** What one address costs at two sizes, in milliseconds. */
interface Growth {
  readonly read: string;
  readonly small: number;
  readonly large: number;
  readonly ratio: number;
}

/** Compares the time of every documented filter, sort and page at 10,000 accounts with that at `accounts`. */
export async function measureGrowth(accounts: number): Promise<void> {
  const small = await open(SMALL);
  const large = await open(accounts).catch(async (error: unknown) => {
    await small.close();
    throw error;
  });
  try {
    const rows: Growth[] = [];
    for (const [read, address] of small.reads)
      rows.push(await compare(read, small.ask(address), large.ask(large.reads.get(read) ?? '')));
    rows.sort((a, b) => b.ratio - a.ratio);
    await writeFile('bench/results/growth.json', `${JSON.stringify({ accounts, rows }, null, 2)}\n`);
    const over = rows.filter(({ ratio }) => ratio > 2).length;
    process.stdout.write(
      `\n${rows.length} reads of 50 at ${accounts} accounts against ${SMALL}; ${over} take more than twice the time.\n`,
    );
    for (const { read, small: before, large: after, ratio } of rows.slice(0, LISTED)) {
      process.stdout.write(
        `${ratio.toFixed(2).padStart(6)} ×  ${before.toFixed(1)} → ${after.toFixed(1)} ms  ${read}\n`,
      );
    }
  } finally {
    await large.close();
    await small.close();
  }
}

/** A service on a seeded database. */
interface Size {
  /** Addresses by the name of the read, such as `iam:accounts filter[name] 1`: the same names at every size. */
  readonly reads: ReadonlyMap<string, string>;
  /** Returns a function that sends one request and waits for its response. */
  ask(address: string): () => Promise<void>;
  close(): Promise<void>;
}

async function open(accounts: number): Promise<Size> {
  const database = await openBenchDatabase(accounts);
  const service = await startService(database.url);
  const { admin } = await gather({ databaseUrl: database.url, serviceUrl: service.url, accounts, connections: 1 });
  return {
    reads: await readsOf(database.url),
    ask: (address) => async () => {
      const response = await fetch(service.url + address, { headers: admin });
      await response.text();
      if (response.status !== 200) throw new Error(`${address} returned ${response.status}`);
    },
    close: async () => {
      await service.stop();
      await database.close();
    },
  };
}

const readsOf = (databaseUrl: string): Promise<Map<string, string>> =>
  withClient(databaseUrl, async (client) => {
    const run: Run = async <Row extends QueryResultRow>(text: string) => (await client.query<Row>(text)).rows;
    const samples = await sampleRows(run);
    const reads = new Map<string, string>();
    const add = (name: string, addresses: readonly string[]): void => {
      addresses.forEach((address, i) => reads.set(`${name} ${i + 1}`, address));
    };
    for (const resource of RESOURCES) {
      for (const filter of resource.filters.keys()) {
        add(`${resource.type} filter[${filter}]`, filterAddresses(resource, filter, samples));
      }
      for (const sort of sortsOf(resource)) {
        add(`${resource.type} sort=${sort}`, await sortAddresses(run, resource, sort));
      }
    }
    return reads;
  });

/** Both in turn, so that whatever else the machine does meets both. */
async function compare(read: string, small: () => Promise<void>, large: () => Promise<void>): Promise<Growth> {
  const times: readonly [number[], number[]] = [[], []];
  for (let i = 0; i < REQUESTS; i++) {
    for (const [side, ask] of [small, large].entries()) {
      const start = performance.now();
      await ask();
      times[side]?.push(performance.now() - start);
    }
  }
  const [before, after] = [median(times[0]), median(times[1])];
  return { read, small: before, large: after, ratio: after / before };
}
