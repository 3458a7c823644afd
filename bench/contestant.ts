import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { transformFile, type Options } from '@swc/core';
import { freePort } from '../src/embedded-postgres/postgres-process.js';
import { bindProcess, LOAD_CORE, MEASURED_CORE, onCores, type Cores } from './cores.js';
import { cpuMs } from './cpu-time.js';
import { BCRYPT_COST } from './database.js';

/** A server that is measured, in a process of its own. */
export interface Contestant {
  readonly url: string;
  /** Time from the start of its process to its first answer, in milliseconds. */
  readonly startMs: number;
  /** Resident memory, in MB. */
  memory(): Promise<number>;
  /** CPU time so far, in milliseconds; NaN where that is not known. */
  cpuMs(): number;
  /** Sends a message to a process that listens, and waits for its reply. */
  send(message: object): Promise<void>;
  stop(): Promise<void>;
  /** Ends it at once, without waiting as it does before it stops in production. */
  kill(): Promise<void>;
}

/** As in production. */
const SERVICE: string[] = JSON.parse(readFileSync('package.json', 'utf8')).scripts['start:prod'].split(' ').slice(2);
const FLOOR = join(import.meta.dirname, 'floor');
/** Below the project's folder, so that its packages are found. */
const FLOOR_BUILT = join('data', 'bench', 'floor');

const TO_JAVASCRIPT: Options = {
  jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
  module: { type: 'es6' },
  swcrc: false,
};

/** A start that takes longer has failed, in milliseconds. */
const TIMEOUT_MS = 30_000;
/** Time between two questions whether a server has started, in milliseconds: the error of a measured start. */
const POLL_MS = 5;
/** Where no relay is. */
const NO_MAILS = 'smtp://127.0.0.1:9';

/** Ended with this process, also when it fails. */
const RUNNING = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of RUNNING) child.kill('SIGKILL');
});

/** Binds this process, which generates the load, to its core. */
export const pinLoadGenerator = (): void => bindProcess(process.pid, LOAD_CORE);

export interface ServiceOptions {
  /** What comes before the script. */
  readonly nodeArguments?: readonly string[];
  readonly mailUrl?: string;
  readonly cores?: Cores;
}

/** Starts the built service as production runs it. */
export function startService(databaseUrl: string, options: ServiceOptions = {}): Promise<Contestant> {
  const { nodeArguments = [], mailUrl = NO_MAILS, cores = MEASURED_CORE } = options;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return start([...nodeArguments, ...SERVICE], cores, (port) => ({
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    APP_URL: `http://127.0.0.1:${port}`,
    APP_SECRET: randomBytes(32).toString('base64'),
    JWT_PRIVATE_KEY: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    MAIL_URL: mailUrl,
    BCRYPT_COST: String(BCRYPT_COST),
    THROTTLE_DISABLED: 'true',
    METRICS_PORT: '0',
    LOG_LEVEL: 'warn',
    // What is seeded reaches back further than events are kept by default.
    AUDIT_RETENTION_DAYS: '36500',
    // As in the Dockerfile.
    MALLOC_ARENA_MAX: '2',
  }));
}

/** Starts the floor. */
export async function startFloor(
  databaseUrl: string,
  { mailUrl = NO_MAILS, cores = MEASURED_CORE }: Omit<ServiceOptions, 'nodeArguments'> = {},
): Promise<Contestant> {
  const script = await buildFloor();
  return start([script], cores, (port) => ({
    NODE_ENV: 'production',
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    MAIL_URL: mailUrl,
    MALLOC_ARENA_MAX: '2',
  }));
}

/** Compiles the floor, as the service is compiled: its start and its memory are those of plain JavaScript. */
async function buildFloor(): Promise<string> {
  await mkdir(FLOOR_BUILT, { recursive: true });
  for (const file of await readdir(FLOOR)) {
    const { code } = await transformFile(join(FLOOR, file), TO_JAVASCRIPT);
    await writeFile(join(FLOOR_BUILT, file.replace(/\.ts$/, '.js')), code);
  }
  return join(FLOOR_BUILT, 'floor.js');
}

async function start(
  args: readonly string[],
  cores: Cores,
  environment: (port: number) => Record<string, string>,
): Promise<Contestant> {
  const port = await freePort();
  const [file = '', ...before] = onCores(cores, process.execPath);
  const env = { PATH: process.env['PATH'], ...environment(port) };
  const startedAt = performance.now();
  const child = spawn(file, [...before, ...args], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  RUNNING.add(child);
  child.once('exit', () => RUNNING.delete(child));
  const url = `http://127.0.0.1:${port}`;
  await ready(`${url}/health/ready`, child);
  const startMs = performance.now() - startedAt;
  // taskset becomes what it starts, so the process id is the server's.
  const pid = String(child.pid);
  return {
    url,
    startMs,
    memory: async () => Number((await promisify(execFile)('ps', ['-o', 'rss=', '-p', pid])).stdout) / 1024,
    cpuMs: () => cpuMs(Number(pid)),
    send: async (message) => {
      const reply = once(child, 'message');
      child.send(message);
      await reply;
    },
    stop: () => end(child, 'SIGTERM'),
    kill: () => end(child, 'SIGKILL'),
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  for (const giveUpAt = Date.now() + TIMEOUT_MS; Date.now() < giveUpAt; await sleep(POLL_MS)) {
    if (child.exitCode !== null) throw new Error('A server ended while it started; see the lines above');
    const response = await fetch(url).catch(() => null);
    if (response?.ok) return;
  }
  child.kill('SIGKILL');
  throw new Error(`${url} does not respond`);
}
