import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../outbox/outbox-fixture.js';
import { compiledPath } from '../runner/compiled.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { TEST_ENVIRONMENT } from '../support/environment.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** Node has loaded the service and tried the database within this time, also on a busy machine, in ms. */
const START_MS = 60_000;
/** A process that ends at once has ended within this time, in ms; it would wait for the database for half a minute. */
const AT_ONCE_MS = 5_000;

/** A test whose process is the first of its own process ids, as in a container. In CI it is never skipped. */
const asProcessOne =
  process.env['CI'] || spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0 ? it : it.skip;

describe('A service whose database is not there yet', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let folder: string;
  let service: ChildProcess;
  let output: string;

  beforeEach(async () => {
    database = await createTestDatabase();
    proxy = await TcpProxy.open(database.url);
    proxy.cut();
    folder = await mkdtemp(join(tmpdir(), 'iam-start-'));
    output = '';
  });
  afterEach(async () => {
    if (service.exitCode === null && service.signalCode === null) {
      service.kill('SIGKILL');
      await once(service, 'exit');
    }
    await proxy.close();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  function start(program = process.execPath, args: readonly string[] = []): void {
    const env = { ...TEST_ENVIRONMENT, PATH: process.env['PATH'], DATABASE_URL: proxy.url, DATA_DIR: folder };
    service = spawn(program, [...args, compiledPath('src/cli.ts'), 'start'], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    service.stdout?.on('data', (bytes: Buffer) => (output += bytes.toString()));
  }
  /** What it has logged; a line that is no JSON fails. */
  const lines = (): Record<string, unknown>[] =>
    output
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  const attempts = () => lines().filter(({ msg }) => /^Unable to connect to the database/.test(String(msg)));
  const seen = (count: number) => eventually(() => attempts().length >= count, START_MS);
  async function ended(): Promise<{ code: number | null; signal: string | null; ms: number }> {
    const began = performance.now();
    const [code, signal] = await once(service, 'exit');
    return { code, signal, ms: performance.now() - began };
  }

  it('logs one line for each attempt when it fails, with the reason, and serves when the database comes', async () => {
    start();
    await seen(2);
    const [first, second] = attempts();
    expect([first, second]).toEqual(
      [1, 2].map((n) =>
        expect.objectContaining({
          level: 50,
          context: 'TypeOrmModule',
          msg: expect.stringMatching(new RegExp(`Message: \\S.*Retrying \\(${n}\\)`)),
        }),
      ),
    );
    expect(Number(second?.['time']) - Number(first?.['time'])).toBeGreaterThanOrEqual(900);
    // Each was written at that time, not kept for later.
    expect(Date.now() - Number(second?.['time'])).toBeLessThan(AT_ONCE_MS);
    proxy.mend();
    const url = await eventually(() => /Serving on (http:\/\/[^\s"]+)/.exec(output)?.[1], START_MS);
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  });

  it('ends at once with SIGTERM', async () => {
    start();
    await seen(1);
    const end = ended();
    service.kill('SIGTERM');
    expect(await end).toEqual({ code: null, signal: 'SIGTERM', ms: expect.any(Number) });
    expect((await end).ms).toBeLessThan(AT_ONCE_MS);
  });

  asProcessOne('ends at once with SIGTERM as process 1, with the exit code that a shell has for it', async () => {
    start('unshare', ['--pid', '--fork', '--mount-proc', process.execPath]);
    await seen(1);
    expect(attempts()[0]).toMatchObject({ pid: 1 });
    const children = await readFile(`/proc/${service.pid}/task/${service.pid}/children`, 'utf8');
    const end = ended();
    process.kill(Number(children), 'SIGTERM');
    expect(await end).toEqual({ code: 143, signal: null, ms: expect.any(Number) });
    expect((await end).ms).toBeLessThan(AT_ONCE_MS);
  });
});
