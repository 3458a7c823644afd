import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { onServer, SERVER_VARIABLE } from '../support/database.js';

const LOADER = './test/runner/typescript-loader.js';
const ACCOUNTS = 300;
/** A row with one address, one whose requests are made as it goes, and one that is measured otherwise. */
const ROWS = ['list of 50', 'create with an invitation', 'mails into a local sink'];

describe('npm run bench', () => {
  let output: string;

  beforeAll(async () => {
    const options = ['--accounts', String(ACCOUNTS), '--rounds', '1', '--seconds', '1', '--rows', ROWS.join('|')];
    const env = { ...process.env, NODE_OPTIONS: '', DATABASE_URL: process.env[SERVER_VARIABLE] };
    const args = ['--import', LOADER, 'bench/run.ts', ...options];
    ({ stdout: output } = await promisify(execFile)(process.execPath, args, { env }));
  }, 180_000);
  afterAll(() => onServer((server) => server.query(`DROP DATABASE IF EXISTS "iam_bench_${ACCOUNTS}" WITH (FORCE)`)));

  it.each(ROWS)('measures the row %s beside the floor, and says how large the noise was', (name) => {
    const line = output.split('\n').find((one) => one.startsWith(`| ${name}`));
    const [, , service, floor, ratio, range, noise] = line?.split('|').map((cell) => cell.trim()) ?? [];
    expect([service, floor].map(Number).every((perSecond) => perSecond > 0)).toBe(true);
    expect(range).toBe(`${ratio}–${ratio}`);
    expect(noise).toMatch(/^\d+ %$/);
  });

  it('says why it leaves out the set-up in which PostgreSQL shares a core, on a server that it has not started', () => {
    expect(output).toMatch(/^Second set-up: .+: left out, because DATABASE_URL names a PostgreSQL/m);
  });

  it('leaves only the seeded database behind, for the next run', async () => {
    const { rows } = await onServer((server) =>
      server.query(`SELECT datname FROM pg_database WHERE datname LIKE 'iam_bench_${ACCOUNTS}%'`),
    );
    expect(rows).toEqual([{ datname: `iam_bench_${ACCOUNTS}` }]);
  });
});
