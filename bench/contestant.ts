import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../src/embedded-postgres/postgres-process.js';
import { BCRYPT_COST } from './database.js';

/** A server that is measured, in a process of its own. */
export interface Contestant {
  readonly url: string;
  /** Resident memory, in MB. */
  memory(): Promise<number>;
  /** Sends a message to a process that listens, and waits for its reply. */
  send(message: object): Promise<void>;
  stop(): Promise<void>;
}

/** As in production. */
const SERVICE: string[] = JSON.parse(readFileSync('package.json', 'utf8')).scripts['start:prod'].split(' ').slice(2);
const FLOOR = ['--import', './test/runner/typescript-loader.js', 'bench/floor.ts'];
/** What is measured runs on the first core, the load generator on the second. */
const CORE = '0';
const LOAD_CORE = '1';
/** A start that takes longer has failed, in milliseconds. */
const TIMEOUT_MS = 30_000;

/** Whether processes can be bound to a core here. */
const CAN_PIN = ((): boolean => {
  try {
    execFileSync('taskset', ['-c', LOAD_CORE, 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** Binds this process, which generates the load, to its core. False where that cannot be done. */
export function pinLoadGenerator(): boolean {
  if (CAN_PIN) execFileSync('taskset', ['-a', '-c', '-p', LOAD_CORE, String(process.pid)], { stdio: 'ignore' });
  return CAN_PIN;
}

/** Starts the built service as production runs it. `nodeArguments` come before the script. */
export function startService(databaseUrl: string, nodeArguments: readonly string[] = []): Promise<Contestant> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return start([...nodeArguments, ...SERVICE], (port) => ({
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    APP_URL: `http://127.0.0.1:${port}`,
    APP_SECRET: randomBytes(32).toString('base64'),
    JWT_PRIVATE_KEY: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    // Nothing that is measured sends a mail.
    MAIL_URL: 'smtp://127.0.0.1:9',
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
export const startFloor = (databaseUrl: string): Promise<Contestant> =>
  start(FLOOR, (port) => ({ NODE_ENV: 'production', PORT: String(port), DATABASE_URL: databaseUrl }));

async function start(
  args: readonly string[],
  environment: (port: number) => Record<string, string>,
): Promise<Contestant> {
  const port = await freePort();
  const command = CAN_PIN ? ['taskset', '-c', CORE, process.execPath] : [process.execPath];
  const [file = '', ...before] = command;
  const env = { PATH: process.env['PATH'], ...environment(port) };
  const child = spawn(file, [...before, ...args], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  // Also when this process fails.
  process.once('exit', () => child.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}`;
  await ready(`${url}/health/ready`, child);
  // taskset becomes what it starts, so the process id is the server's.
  const pid = String(child.pid);
  return {
    url,
    memory: async () => Number((await promisify(execFile)('ps', ['-o', 'rss=', '-p', pid])).stdout) / 1024,
    send: async (message) => {
      const reply = once(child, 'message');
      child.send(message);
      await reply;
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  for (const giveUpAt = Date.now() + TIMEOUT_MS; Date.now() < giveUpAt; await sleep(50)) {
    if (child.exitCode !== null) throw new Error('A server ended while it started; see the lines above');
    const response = await fetch(url).catch(() => null);
    if (response?.ok) return;
  }
  child.kill('SIGKILL');
  throw new Error(`${url} does not respond`);
}
