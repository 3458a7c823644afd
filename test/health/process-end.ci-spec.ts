import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { compiledPath } from '../runner/compiled.js';
import { pidOf } from '../embedded-postgres/embedded-support.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { TEST_ENVIRONMENT } from '../support/environment.js';
import { eventually } from '../outbox/outbox-fixture.js';
import { open } from '../transport/sockets.js';

/** What `npm run start:prod` runs, on the compiled sources; they do not have the program that loads the command line. */
const SCRIPT = JSON.parse(readFileSync('package.json', 'utf8')).scripts['start:prod'].replace(
  'dist/iam.cjs',
  compiledPath('src/cli.ts'),
);

describe('A service that npm has started', () => {
  let database: TestDatabase;
  let folder: string;

  beforeEach(async () => {
    database = await createTestDatabase();
    folder = await mkdtemp(join(tmpdir(), 'iam-npm-'));
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'x', scripts: { start: SCRIPT } }));
  });
  afterEach(async () => {
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'ends with npm when that gets %s by its process id, also with half a request on a connection',
    async (signal) => {
      let output = '';
      const env = { ...TEST_ENVIRONMENT, PATH: process.env['PATH'], DATABASE_URL: database.url, SHUTDOWN_SECONDS: '1' };
      const npm = spawn('npm', ['start'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
      npm.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()));
      const url = () => /Serving on (http:\/\/[^\s"]+)/.exec(output)?.[1];
      await eventually(async () => url() !== undefined, 60_000);
      const half = await open({ url: url() ?? '' });
      half.write(
        'POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
      );
      npm.kill(signal);
      await half.ended();
      await eventually(async () => (await fetch(`${url()}/health/live`).catch(() => null)) === null);
      expect(url()).toBeDefined();
    },
    120_000,
  );

  it('leaves no embedded database behind when npm is killed by its process id', async () => {
    // As root, the database runs as another user, who has to get in.
    await chmod(folder, 0o711);
    let output = '';
    const env = { ...TEST_ENVIRONMENT, PATH: process.env['PATH'], DATA_DIR: folder };
    const npm = spawn('npm', ['start'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    npm.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()));
    await eventually(() => output.includes('Serving on'), 60_000);
    expect(await pidOf(folder)).not.toBeNull();
    npm.kill('SIGKILL');
    await eventually(async () => (await pidOf(folder)) === null, 30_000);
  }, 120_000);
});
