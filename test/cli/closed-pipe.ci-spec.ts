import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { createTestDatabase, databaseEnvironment, type TestDatabase } from '../support/database.js';
import { compiledPath } from '../runner/compiled.js';
import { command } from './command-line.js';

/** Starting processes takes a while on a busy machine, and `openapi` starts a database, in milliseconds. */
const TIMEOUT_MS = 120_000;

describe('A command whose output', () => {
  let database: TestDatabase;
  let env: Record<string, string>;

  beforeAll(async () => {
    database = await createTestDatabase();
    env = { ...databaseEnvironment(database.url), NODE_ENV: 'test', BCRYPT_COST: '4' };
    // An export of many times what a pipe holds.
    await command(['seed', '--accounts', '2000', '--organizations', '5'], env);
  });
  afterAll(() => database.drop());

  /** Runs a line of the shell, where `iam` is the program, in a process of its own with pipes of the system. */
  const shell = (line: string) =>
    new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
      const program = `iam() { '${process.execPath}' '${compiledPath('src/cli.ts')}' "$@"; }`;
      const options = { env: { PATH: process.env['PATH'], ...env } };
      execFile('bash', ['--norc', '-c', `${program}; ${line}; exit "\${PIPESTATUS[0]}"`], options, (error, out, err) =>
        resolve({ code: error ? error.code : 0, out, err }),
      );
    });

  it.each([
    ['accounts export', 'head -n 2', 141, 2],
    ['openapi', 'head -n 1', 0, 1],
    ['--help', 'true', 0, 0],
    ['help accounts import', 'true', 0, 0],
    ['mail dead', 'true', 0, 0],
    ['seed --accounts 1', 'true', 0, 0],
    ['sessions revoke --all', 'true', 0, 0],
  ])(
    'of `iam %s` is closed by `%s` ends without a word, with %d',
    async (args, reader, status, lines) => {
      const { code, out, err } = await shell(`iam ${args} | ${reader}`);
      expect({ code, lines: out.split('\n').length - 1 }).toEqual({ code: status, lines });
      // Progress is no error.
      expect(err).not.toMatch(/EPIPE|Error|at /);
    },
    TIMEOUT_MS,
  );

  it(
    'is closed together with stderr ends the same way',
    async () => {
      expect(await shell('iam accounts export 2>&1 | head -n 1')).toMatchObject({ code: 141, err: '' });
    },
    TIMEOUT_MS,
  );

  it(
    'finds no room says so, and ends with 1',
    async () => {
      const { code, err } = await shell('iam --help > /dev/full');
      expect([code, err]).toEqual([1, expect.stringMatching(/^The output cannot be written: .*ENOSPC.*\n$/)]);
    },
    TIMEOUT_MS,
  );
});
