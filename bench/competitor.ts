import 'reflect-metadata';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cpuOfChildrenMs, cpuPerRequest } from './cpu-time.js';
import { fire } from './load.js';

/** What {@link compare} asks a checkout for: to measure one row for so many seconds. */
export interface Turn {
  readonly row: string;
  readonly seconds: number;
}

/** What a turn came to: requests a second, and the CPU time of one in microseconds, that of PostgreSQL included. */
export interface Took {
  readonly perSecond: number;
  readonly cpu: number;
}

/** Sent once when the service is ready, with the names of the rows that this checkout has. */
export interface Ready {
  readonly rows: readonly string[];
}

/**
 * Run in the folder of a checkout: starts its built service on a seeded database of its own, both by its own benchmark,
 * and then measures one row for each message, all checkouts with the same generator of load. Ends when its parent
 * disconnects.
 */
type Bench = typeof import('./contestant.js') &
  typeof import('./database.js') &
  typeof import('./material.js') &
  typeof import('./rows.js');

const FILES = ['contestant', 'database', 'material', 'rows'];
const [, , accounts = '', connections = '', postmaster = ''] = process.argv;
/** Of the service, the only process that this one has started, and of PostgreSQL. */
const cpuNow = (): number => cpuOfChildrenMs(process.pid) + cpuOfChildrenMs(Number(postmaster));

async function loadBench(): Promise<Bench> {
  const files = FILES.map((name) => pathToFileURL(join(process.cwd(), 'bench', `${name}.ts`)).href);
  const modules: object[] = await Promise.all(files.map((file) => import(file)));
  return Object.assign({}, ...modules);
}

const bench = await loadBench();
const database = await bench.openBenchDatabase(Number(accounts));
// After the database's server has started, which runs on both cores.
bench.pinLoadGenerator();
const service = await bench.startService(database.url);
process.once('disconnect', () => {
  void service
    .stop()
    .then(() => database.close())
    .then(() => process.exit());
});
const material = await bench.gather({
  databaseUrl: database.url,
  serviceUrl: service.url,
  accounts: Number(accounts),
  connections: Number(connections),
});
process.on('message', ({ row: name, seconds }: Turn) => {
  void (async () => {
    const row = bench.ROWS.find((one) => one.name === name);
    if (!row) throw new Error(`There is no row "${name}" in ${process.cwd()}`);
    const traffic = await row.traffic(material, 'service');
    const cpuOf = cpuPerRequest(cpuNow);
    const { perSecond, responses } = await fire(service.url, traffic, { connections: Number(connections), seconds });
    process.send?.({ perSecond, cpu: cpuOf(responses) } satisfies Took);
  })();
});
process.send?.({ rows: bench.ROWS.map(({ name }) => name) } satisfies Ready);
