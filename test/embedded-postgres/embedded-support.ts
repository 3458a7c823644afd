import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from '@jest/globals';
import { Client } from 'pg';
import { EmbeddedServer } from '../../src/embedded-postgres/embedded-server.js';
import { forkProgram } from '../support/program.js';

/** What another process reports of the server that it started or found. */
export interface Started {
  readonly url: string;
  readonly owned: boolean;
  readonly firstStart: boolean;
}

/** A test that only root can run. */
export const asRoot = process.getuid?.() === 0 ? it : it.skip;

/** An empty data folder that the server's user can reach. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'iam-embedded-'));
  await chmod(folder, 0o711);
  return folder;
}

/** Stops whatever runs on the folder, also what a killed process left running. */
export async function stopAllOn(folder: string): Promise<void> {
  await EmbeddedServer.stopAll();
  if (await pidOf(folder)) await (await EmbeddedServer.start(folder)).stop();
}

export async function removeFolder(folder: string): Promise<void> {
  await stopAllOn(folder);
  await rm(folder, { recursive: true, force: true });
}

/** Uses the folder's server in a process of its own. */
export async function startElsewhere(folder: string): Promise<{ process: ChildProcess; started: Started }> {
  const child = forkProgram('test/embedded-postgres/embedded-process.ts', [folder]);
  const [started]: Started[] = await once(child, 'message');
  if (!started) throw new Error('The other process said nothing');
  return { process: child, started };
}

/** Ends such a process in good order. */
export async function stopElsewhere(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.send('stop');
  await exit;
}

/** Ends such a process as a crash would. */
export async function killElsewhere(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** Runs a statement on a connection of its own. */
export async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query(statement)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The pid of the folder's server, or null. */
export async function pidOf(folder: string): Promise<number | null> {
  return Number((await pidFileOf(folder)).split('\n')[0]) || null;
}

/** Lines of postmaster.pid: pid, data folder, start time, port, folder of the socket, … Empty without a server. */
export async function pidFileOf(folder: string): Promise<string> {
  return readFile(join(folder, 'postgres', 'cluster', 'data', 'postmaster.pid'), 'utf8').catch(() => '');
}
