import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { basename, join, resolve } from 'node:path';
import type { Ready, Took, Turn } from './competitor.js';
import { median } from './measure.js';
import type { Options } from './options.js';
import { startServer, type BenchServer } from './postgres/server.js';
import { table } from './report/tables.js';
import { SETUPS } from './setups.js';

/** A built checkout whose service takes its turns. */
interface Competitor {
  readonly name: string;
  readonly rows: readonly string[];
  measure(turn: Turn): Promise<Took>;
  stop(): Promise<void>;
}

const COMPETITOR = join(import.meta.dirname, 'competitor.ts');
const LOADER = './test/runner/typescript-loader.js';
/** Before a row is measured, each checkout runs it for so long, in seconds. */
const WARM_UP_SECONDS = 2;

/**
 * Compares the service of this checkout with those of others, each built, on a PostgreSQL of its own and by its own
 * benchmark, in interleaved rounds. A second checkout of the same commit is the control: its ratio is the noise.
 */
export async function compare({ others, rows, rounds, seconds, accounts, ...options }: Options): Promise<void> {
  const connections = options.connections ?? SETUPS[0]?.connections ?? 1;
  const competitors: Competitor[] = [];
  try {
    // One after the other: each may seed its database first.
    for (const folder of [process.cwd(), ...others]) competitors.push(await start(folder, accounts, connections));
    const [own, ...against] = competitors;
    if (!own) return;
    const lines: string[][] = [];
    for (const row of own.rows.filter((name) => rows.test(name))) {
      const entered = [own, ...against.filter((one) => one.rows.includes(row))];
      // A row that this checkout alone has compares nothing.
      if (entered.length === 1) continue;
      const found = await takeTurns(entered, { row, seconds }, rounds);
      const rate = median((found.get(own) ?? []).map(({ perSecond }) => perSecond));
      const line = [row, rate.toFixed(0), ...against.flatMap((one) => ratios(found, own, one))];
      process.stdout.write(`${line.join('  ')}\n`);
      lines.push(line);
    }
    const head = [
      'row',
      'this /s',
      ...against.flatMap(({ name }) => [`this / ${name} (range)`, `CPU of ${name} / this`]),
    ];
    process.stdout.write(`\n${table(head, lines)}\n`);
  } finally {
    for (const one of competitors) await one.stop();
  }
}

/** In each round another one begins, so that none always runs after the same. */
async function takeTurns(
  entered: readonly Competitor[],
  turn: Turn,
  rounds: number,
): Promise<ReadonlyMap<Competitor, Took[]>> {
  const found = new Map(entered.map((one): [Competitor, Took[]] => [one, []]));
  for (const one of entered) await one.measure({ ...turn, seconds: WARM_UP_SECONDS });
  for (let round = 0; round < rounds; round++) {
    const first = round % entered.length;
    for (const one of [...entered.slice(first), ...entered.slice(0, first)]) {
      found.get(one)?.push(await one.measure(turn));
    }
  }
  return found;
}

/** The medians of the rounds' ratios, of rates and of CPU times: above 1, this checkout is the better one. */
function ratios(found: ReadonlyMap<Competitor, Took[]>, own: Competitor, other: Competitor): string[] {
  const [ours, theirs] = [found.get(own) ?? [], found.get(other)];
  if (!theirs) return ['no such row', ''];
  const rates = ours.map(({ perSecond }, round) => perSecond / (theirs[round]?.perSecond ?? Number.NaN));
  const cpu = ours.map((took, round) => (theirs[round]?.cpu ?? Number.NaN) / took.cpu);
  return [
    `${median(rates).toFixed(2)} (${Math.min(...rates).toFixed(2)}–${Math.max(...rates).toFixed(2)})`,
    median(cpu).toFixed(2),
  ];
}

/**
 * Each gets a server of the same kind, whatever its own benchmark would start; one of its own, since the databases have the
 * same names in each.
 */
async function start(folder: string, accounts: number, connections: number): Promise<Competitor> {
  const server = await startServer(join(resolve(folder), 'data', 'bench'));
  try {
    return await startOn(server, folder, [String(accounts), String(connections), String(server.pid)]);
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function startOn(server: BenchServer, folder: string, args: readonly string[]): Promise<Competitor> {
  const child = fork(COMPETITOR, args, {
    cwd: resolve(folder),
    env: { ...process.env, DATABASE_URL: server.url },
    execArgv: ['--import', LOADER],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const { rows }: Ready = await reply(child);
  return {
    name: basename(resolve(folder)),
    rows,
    measure: (turn) => {
      child.send(turn);
      return reply(child);
    },
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit');
        child.disconnect();
        await ended;
      }
      await server.stop();
    },
  };
}

/** @throws Error when the process ends instead */
async function reply<Message>(child: ChildProcess): Promise<Message> {
  const abort = new AbortController();
  const ended = once(child, 'exit', { signal: abort.signal }).then(() => {
    throw new Error('A checkout that is compared ended; see the lines above');
  });
  try {
    const [message]: [Message] = await Promise.race([once(child, 'message') as Promise<[Message]>, ended]);
    return message;
  } finally {
    ended.catch(() => undefined);
    abort.abort();
  }
}
