import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { networkInterfaces, platform } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Client } from 'pg';
import { EmbeddedServer, PORT_MS } from '../../src/embedded-postgres/embedded-server.js';
import {
  killElsewhere,
  makeFolder,
  pidFileOf,
  pidOf,
  query,
  removeFolder,
  startElsewhere,
  stopAllOn,
  stopElsewhere,
} from './embedded-support.js';

/** A server that recovers is back within this time, in ms: 0.3 s on a quiet machine, and machines are shared. */
const BACK_MS = 15_000;

/** A test that looks at processes as only Linux shows them. */
const onLinux = platform() === 'linux' ? it : it.skip;

describe('the embedded server on a folder in use', () => {
  let folder: string;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    folder = await makeFolder();
    await EmbeddedServer.start(folder);
    await stopAllOn(folder);
  });

  beforeEach(() => Logger.overrideLogger(false));

  afterEach(() => stopAllOn(folder));

  afterAll(() => removeFolder(folder));

  it('knows letters beyond ASCII, ICU order and trigrams', async () => {
    const { url } = await EmbeddedServer.start(folder);
    const [row] = await query(url, `SELECT 'É' ILIKE 'é' AS folds, 'a' < 'B' COLLATE "und-x-icu" AS sorts`);
    expect(row).toEqual({ folds: true, sorts: true });
    await query(url, 'CREATE EXTENSION pg_trgm');
    expect(await query(url, `SELECT similarity('日本語', '日本語') AS alike`)).toEqual([{ alike: 1 }]);
  });

  it('rejects all other connections', async () => {
    const server = await EmbeddedServer.start(folder);
    const { port, password } = new URL(server.url);
    const [role] = await query(server.url, 'SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user');
    expect(role).toEqual({ rolsuper: false, rolcreaterole: false });
    const secret = join(server.folder, 'cluster', 'password');
    expect((await stat(secret)).mode & 0o777).toBe(0o600);
    expect(await readFile(secret, 'utf8')).not.toBe(password);
    await expect(query(server.url.replace(password, 'wrong'), 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    const [, , , , socketFolder] = (await pidFileOf(folder)).split('\n');
    expect(socketFolder).toBe('');
    for (const address of outerAddresses()) expect(await isListening(address, Number(port))).toBe(false);
  });

  it('outlives a process that is killed, and is taken over by the next one', async () => {
    const first = await startElsewhere(folder);
    await query(first.started.url, 'CREATE TABLE outlived AS SELECT 42 AS answer');
    const pid = await pidOf(folder);
    await killElsewhere(first.process);

    const next = await EmbeddedServer.start(folder);
    expect(next).toMatchObject({ firstStart: false, owned: false, url: first.started.url });
    expect(await pidOf(folder)).toBe(pid);
    expect(await query(next.url, 'SELECT answer FROM outlived')).toEqual([{ answer: 42 }]);
    await next.stop();
    expect(await pidOf(folder)).toBeNull();
  });

  it.each([0, 20, 60, 120, 250])('does not stay behind when all is stopped %d ms after its start', async (afterMs) => {
    const start = EmbeddedServer.start(folder).catch((error: Error) => error.message);
    await sleep(afterMs);
    await EmbeddedServer.stopAll();
    expect(await pidOf(folder)).toBeNull();
    expect(await start).toEqual(afterMs === 0 ? expect.stringContaining('was interrupted') : expect.anything());
    expect(await pidOf(folder)).toBeNull();
    // The next start finds nothing that it would have to mend.
    expect((await EmbeddedServer.start(folder)).owned).toBe(true);
  });

  it('keeps every acknowledged row when it is killed together with its process', async () => {
    const first = await startElsewhere(folder);
    await query(first.started.url, 'CREATE TABLE acknowledged AS SELECT 42 AS answer');
    const pid = (await pidOf(folder)) ?? 0;
    await killElsewhere(first.process);
    process.kill(pid, 'SIGKILL');
    const next = await EmbeddedServer.start(folder);
    expect(next).toMatchObject({ owned: true });
    expect(await query(next.url, 'SELECT answer FROM acknowledged')).toEqual([{ answer: 42 }]);
  });

  it('comes back by itself at the same address when it is killed while in use', async () => {
    const server = await EmbeddedServer.start(folder);
    await query(server.url, 'CREATE TABLE survived (n int)');
    for (let n = 1; n <= 20; n++) await query(server.url, `INSERT INTO survived VALUES (${n})`);
    process.kill((await pidOf(folder)) ?? 0, 'SIGKILL');
    await eventually(() => query(server.url, 'SELECT 1'));
    expect(await query(server.url, 'SELECT count(*)::int AS rows FROM survived')).toEqual([{ rows: 20 }]);
  });

  it('is started anew when one of its processes crashes, and does not go on in a server that has seen a crash', async () => {
    const server = await EmbeddedServer.start(folder);
    const pid = await pidOf(folder);
    const client = new Client({ connectionString: server.url });
    client.on('error', () => undefined);
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    process.kill(rows[0]?.pid ?? 0, 'SIGKILL');
    await eventually(async () => {
      expect(await pidOf(folder)).not.toBe(pid);
      await query(server.url, 'SELECT 1');
    });
  });

  it('comes back at the same address when the file that names its port was lost on a full disk', async () => {
    const server = await EmbeddedServer.start(folder);
    await writeFile(join(server.folder, 'port'), '');
    process.kill((await pidOf(folder)) ?? 0, 'SIGKILL');
    await eventually(() => query(server.url, 'SELECT 1'));
    expect(await readFile(join(server.folder, 'port'), 'utf8')).toBe(new URL(server.url).port);
  });

  it.each([
    ['lives, and is another program', () => process.pid],
    ['does not exist', () => 4_194_300],
  ])('starts although a left-over pid file names a process that %s', async (_what, pid) => {
    const first = await EmbeddedServer.start(folder);
    const lines = (await pidFileOf(folder)).split('\n');
    await first.stop();
    const pidFile = join(first.folder, 'cluster', 'data', 'postmaster.pid');
    await writeFile(pidFile, [pid(), ...lines.slice(1)].join('\n'));
    const second = await EmbeddedServer.start(folder);
    expect(await query(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('takes another port when its own was taken meanwhile', async () => {
    const first = await EmbeddedServer.start(folder);
    await first.stop();
    const { port } = new URL(first.url);
    const squatter = createServer().listen(Number(port), '127.0.0.1');
    await once(squatter, 'listening');
    try {
      const second = await EmbeddedServer.start(folder);
      expect(new URL(second.url).port).not.toBe(port);
      expect(await query(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    } finally {
      squatter.close();
    }
  });

  onLinux('comes back at the same address when another program has its port for a moment', async () => {
    const server = await EmbeddedServer.start(folder);
    const pid = (await pidOf(folder)) ?? 0;
    process.kill(pid, 'SIGKILL');
    // Nothing of Node's runs until the port is free: the squatter is there before the end of the server is heard of.
    for (const end = Date.now() + BACK_MS; !hasEnded(pid) && Date.now() < end;);
    const squatter = createServer().listen(Number(new URL(server.url).port), '127.0.0.1');
    await once(squatter, 'listening');
    try {
      await sleep(PORT_MS + 1_000);
      expect(await pidOf(folder)).toBe(pid);
    } finally {
      squatter.close();
    }
    await eventually(() => query(server.url, 'SELECT 1'));
  });

  it('is shared by several processes, and stopped by the last one', async () => {
    const first = await startElsewhere(folder);
    const second = await EmbeddedServer.start(folder);
    expect(second).toMatchObject({ owned: false, firstStart: false, url: first.started.url });
    await stopElsewhere(first.process);
    expect(await query(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await second.stop();
    expect(await pidOf(folder)).toBeNull();
  });

  it('starts while another process is just stopping it', async () => {
    let current = await EmbeddedServer.start(folder);
    for (let round = 0; round < 8; round++) {
      const next = sleep(round * 8).then(() => EmbeddedServer.start(folder));
      await current.stop();
      current = await next;
      expect(await query(current.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    }
  });
});

/** Whether a process has ended, and closed what it had open: there is nothing of it but its number. */
function hasEnded(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

async function eventually(attempt: () => Promise<unknown>): Promise<void> {
  for (const end = Date.now() + BACK_MS; Date.now() < end;) {
    const failed = await attempt().then(
      () => false,
      () => true,
    );
    if (!failed) return;
    await sleep(10);
  }
  throw new Error('It did not happen in time');
}

function outerAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return all.filter((entry) => !entry.internal && entry.family === 'IPv4').map((entry) => entry.address);
}

async function isListening(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port, timeout: 1_000 });
  const outcome = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'timeout').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return outcome;
}
