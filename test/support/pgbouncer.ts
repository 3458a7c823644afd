import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { freePort } from '../../src/embedded-postgres/postgres-process.js';
import type { Pooler } from '../../src/database/connections.js';

/** PgBouncer does not run as root, which CI is in most containers: another user then. */
const UNPRIVILEGED_UID = 65_534;
/** The program. */
export const PGBOUNCER = process.env['PGBOUNCER_PATH'] ?? '/usr/sbin/pgbouncer';
/** It is there within this time, in ms. */
const START_MS = 10_000;

/** A PgBouncer in front of every database of a server. */
export interface PgBouncer {
  /** The same database by way of it. */
  at(databaseUrl: string): string;
  stop(): Promise<void>;
}

/** The configuration that docs/operating.md recommends for a mode, with these databases and this port in it. */
async function configuration(
  mode: Pooler,
  databases: string,
  port: number,
  settings: Readonly<Record<string, number>>,
): Promise<string> {
  const own = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  const page = await readFile('docs/operating.md', 'utf8');
  const [, text] = /```ini\n(\[databases\].*?)```/s.exec(page) ?? [];
  if (text === undefined) throw new Error('docs/operating.md shows no configuration of PgBouncer.');
  return (
    text
      .replace(/^iam = .*$/m, `* = ${databases}`)
      .replace(/^pool_mode = .*$/m, `pool_mode = ${mode}`)
      .replace(/^listen_addr = .*$/m, 'listen_addr = 127.0.0.1')
      .replace(/^listen_port = .*$/m, `listen_port = ${port}`)
      // Every client of the tests is the role that the databases are opened with.
      .replace(/^auth_(type|file) = .*$/gm, '')
      .concat('auth_type = any\nunix_socket_dir =\nserver_idle_timeout = 5\n', ...own)
  );
}

/**
 * Starts Debian's PgBouncer, or what PGBOUNCER_PATH names, as the documentation configures it.
 * @param serverUrl of the server behind it, with the role that it signs in as
 * @param settings of PgBouncer, on top of those that the documentation names
 * @throws Error when it is not installed or does not start
 */
export async function startPgBouncer(
  serverUrl: string,
  mode: Pooler,
  settings: Readonly<Record<string, number>> = {},
): Promise<PgBouncer> {
  const { hostname, port: serverPort, username, password } = new URL(serverUrl);
  const folder = await mkdtemp(join(tmpdir(), 'iam-pgbouncer-'));
  const port = await freePort();
  const signIn = `host=${hostname} port=${serverPort || 5432} user=${username}${password ? ` password=${password}` : ''}`;
  await writeFile(join(folder, 'pgbouncer.ini'), await configuration(mode, signIn, port, settings));
  await chmod(folder, 0o755);
  const user = process.getuid?.() === 0 ? { uid: UNPRIVILEGED_UID, gid: UNPRIVILEGED_UID } : {};
  const child = spawn(PGBOUNCER, ['--quiet', join(folder, 'pgbouncer.ini')], {
    ...user,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const failed = once(child, 'exit').then(() => {
    throw new Error(`${PGBOUNCER} has ended; its lines are above.`);
  });
  const pooler = {
    at: (databaseUrl: string) =>
      Object.assign(new URL(databaseUrl), { hostname: '127.0.0.1', port: String(port) }).href,
    stop: async () => {
      await end(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await Promise.race([failed, waitUntilReady(pooler.at(serverUrl))]);
    failed.catch(() => undefined);
    return pooler;
  } catch (error) {
    failed.catch(() => undefined);
    await pooler.stop();
    throw new Error('The tests through PgBouncer need it: apt-get install pgbouncer, or set PGBOUNCER_PATH.', {
      cause: error,
    });
  }
}

async function waitUntilReady(url: string): Promise<void> {
  for (const until = Date.now() + START_MS; ; await sleep(50)) {
    const client = new Client({ connectionString: url });
    try {
      await client.connect();
      return await client.end();
    } catch (error) {
      if (Date.now() > until) throw error;
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, 'exit');
  // At once: in answer to the gentler ones it waits for its clients.
  child.kill('SIGTERM');
  await ended;
}
