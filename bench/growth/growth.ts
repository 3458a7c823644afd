import type { QueryResultRow } from 'pg';
import { AccountResource } from '../../src/accounts/account.resource.js';
import { pinLoadGenerator, startService } from '../contestant.js';
import { openSeeded, type SeededDatabase } from '../database.js';
import { gather } from '../material.js';
import { median } from '../measure.js';
import type { Options } from '../options.js';
import { withClient } from '../postgres/client.js';
import type { Material } from '../rows.js';
import { describeMachine, saveGrowth, type Growth, type GrowthResults } from '../report/results.js';
import { growthMarkdown } from '../report/tables.js';
import { filterAddresses, RESOURCES, sampleRows, sortAddresses, sortsOf, type Run } from './addresses.js';

/** The size that the other one is compared with. */
const SMALL = 10_000;
/** Each address is asked for so often, one request at a time; the median counts. */
const REQUESTS = 15;
/** The same for the pages that the documentation shows. */
const PAGE_REQUESTS = 101;
/** Addresses that are listed, those that grow most. */
const LISTED = 15;

const PAGE = 'page[size]=50';

/** Compares the time of every documented filter, sort and page at 10,000 accounts with that at `accounts`. */
export async function measureGrowth({ accounts, rows: wanted }: Options): Promise<void> {
  const small = await openSeeded(SMALL);
  try {
    // On the same server.
    const large = await openSeeded(accounts, small.server);
    await withSize(small, SMALL, (before) =>
      withSize(large, accounts, async (after) => {
        const compareAll = (key: 'pages' | 'reads', requests: number) =>
          compareReads(before, after, { key, requests, wanted });
        const pages = await compareAll('pages', PAGE_REQUESTS);
        const rows = (await compareAll('reads', REQUESTS)).sort((a, b) => b.ratio - a.ratio);
        const machine = describeMachine(large.version);
        const results = { machine, measuredAt: new Date().toISOString(), small: SMALL, accounts, pages, rows };
        print(results);
        if (pages.length === before.pages.size) await saveGrowth(results);
      }),
    );
  } finally {
    await small.close();
  }
}

/** A service on a seeded database. */
interface Size {
  /** Addresses of the pages that the documentation shows, by name. */
  readonly pages: ReadonlyMap<string, string>;
  /** Addresses by the name of the read, such as `iam:accounts filter[name] 1`: the same names at every size. */
  readonly reads: ReadonlyMap<string, string>;
  /** Sends one request and waits for its response. */
  ask(address: string): Promise<void>;
}

async function withSize(seeded: SeededDatabase, accounts: number, work: (size: Size) => Promise<void>): Promise<void> {
  const database = await seeded.copy('run');
  try {
    pinLoadGenerator();
    const service = await startService(database.url);
    try {
      const setting = { databaseUrl: database.url, serviceUrl: service.url, accounts, connections: 1 };
      const material = await gather(setting);
      await work({
        pages: await pagesOf(database.url, material),
        reads: await readsOf(database.url),
        ask: async (address) => {
          const response = await fetch(service.url + address, { headers: material.admin });
          await response.text();
          if (response.status !== 200) throw new Error(`${address} returned ${response.status}`);
        },
      });
    } finally {
      await service.stop();
    }
  } finally {
    await database.close();
  }
}

const withRun = <Result>(databaseUrl: string, work: (run: Run) => Promise<Result>): Promise<Result> =>
  withClient(databaseUrl, (client) =>
    work(async <Row extends QueryResultRow>(text: string) => (await client.query<Row>(text)).rows),
  );

/** The pages whose growth docs/performance.md shows, each of 50 accounts, by what the table calls them. */
async function pagesOf(databaseUrl: string, { patterns }: Material): Promise<Map<string, string>> {
  const name = (pattern: string): string =>
    `/accounts?${PAGE}&filter[name__match]=${encodeURIComponent(pattern)}&sort=-created_at`;
  return new Map([
    ['list', `/accounts?${PAGE}`],
    ['search, 20 matches', name(patterns.twenty)],
    ['search, one in 64 matches', name(patterns.oneIn64)],
    ['scroll from the middle', await middleOf(databaseUrl)],
    ['counted page, 20 matches', `${name(patterns.twenty)}&count=true`],
    ['counted page, one in 64 matches', `${name(patterns.oneIn64)}&count=true`],
  ]);
}

/** The page behind a cursor in the middle. */
async function middleOf(databaseUrl: string): Promise<string> {
  const pages = await withRun(databaseUrl, (run) => sortAddresses(run, AccountResource, '-created_at'));
  // Behind the ends.
  return pages.find((page) => /page\[after\]=.+/.test(page)) ?? '';
}

const readsOf = (databaseUrl: string): Promise<Map<string, string>> =>
  withRun(databaseUrl, async (run) => {
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

interface Comparison {
  readonly key: 'pages' | 'reads';
  readonly requests: number;
  readonly wanted: RegExp;
}

async function compareReads(small: Size, large: Size, { key, requests, wanted }: Comparison): Promise<Growth[]> {
  const found: Growth[] = [];
  for (const [read, address] of small[key]) {
    if (!wanted.test(read)) continue;
    const other = large[key].get(read) ?? '';
    const [before, after] = await inTurn(requests, [() => small.ask(address), () => large.ask(other)]);
    found.push({ read, small: before, large: after, ratio: after / before });
  }
  return found;
}

type Ask = () => Promise<void>;

/** Both in turn, so that whatever else the machine does meets both; the medians in milliseconds. */
async function inTurn(requests: number, asks: readonly [Ask, Ask]): Promise<readonly [number, number]> {
  const times: readonly [number[], number[]] = [[], []];
  for (let i = 0; i < requests; i++) {
    for (const [side, ask] of asks.entries()) {
      const start = performance.now();
      await ask();
      times[side]?.push(performance.now() - start);
    }
  }
  return [median(times[0]), median(times[1])];
}

function print(results: GrowthResults): void {
  process.stdout.write(`\n${growthMarkdown(results)}\n\n`);
  for (const { read, small, large, ratio } of results.rows.slice(0, LISTED)) {
    process.stdout.write(`${ratio.toFixed(2).padStart(6)} ×  ${small.toFixed(1)} → ${large.toFixed(1)} ms  ${read}\n`);
  }
}
