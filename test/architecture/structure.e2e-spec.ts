import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compiledPath } from '../runner/compiled.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { TEST_ENVIRONMENT } from '../support/environment.js';
import type { RequestFiles } from './request-files.js';

/** Work of the background, which may fall into the time of a request: the poll of the change feed, and due sweeps. */
const BACKGROUND = /^src\/(auth\/sessions\/auth-change(\.feed|s\.repository)|sweeps\/.+)\.ts$/;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

describe('A request runs through few files:', () => {
  let database: TestDatabase;
  let dataDir: string;
  let report: RequestFiles;

  beforeAll(async () => {
    database = await createTestDatabase();
    dataDir = await mkdtemp(join(tmpdir(), 'iam-structure-'));
    const env = {
      ...TEST_ENVIRONMENT,
      DATABASE_URL: database.url,
      DATA_DIR: dataDir,
      LOG_LEVEL: 'silent',
      THROTTLE_DISABLED: 'false',
    };
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [compiledPath('test/architecture/request-files.ts')],
      { env: { PATH: process.env['PATH'], ...env } },
    );
    report = JSON.parse(stdout);
  }, 60_000);
  afterAll(async () => {
    await database.drop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it.each([
    ['GET /accounts with a filter', 200, 28],
    ['POST /auth/login', 200, 34],
    ['POST /accounts/{id}/resend_invitation', 204, 33],
  ])('%s', (name, status, most) => {
    const files = (report[name]?.files ?? []).filter((file) => !BACKGROUND.test(file));
    print(`${name}: ${files.length} files\n${files.map((file) => `  ${file}`).join('\n')}`);
    expect(report[name]?.status).toBe(status);
    expect(files.length).toBeLessThanOrEqual(most);
  });
});
