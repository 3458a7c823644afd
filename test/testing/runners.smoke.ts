import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../outbox/outbox-fixture.js';
import { executable } from '../pages/browser.js';

/** In milliseconds. */
interface Times {
  /** The start of an app, and of the server. */
  readonly cold: number;
  readonly reset: number;
  readonly another: number;
}

/** Where `.ci/test-kit`, which runs this file, has installed vitest; `npm test` does not run it. */
const FOLDER = resolve(process.env['IAM_TEST_KIT'] ?? '');

/** A runner that hangs is ended after this time, in milliseconds; alone on a machine, each takes under 20 s. */
const TIMEOUT_MS = 240_000;
const TEST_MS = TIMEOUT_MS + 10_000;

/** Below the folder, so that a suite finds its runner there, and `iam/testing` as the project itself. */
const folderOf = (runner: string): string => join(FOLDER, runner);

const SUITES = {
  vitest: ['test/testing/runners/app.vitest.mjs', 'mjs'],
  jest: ['test/testing/runners/app.jest.cjs', 'cjs'],
} as const;

/** Two files of one suite, which run at the same time. */
async function copySuite(runner: keyof typeof SUITES): Promise<void> {
  await rm(folderOf(runner), { recursive: true, force: true });
  await mkdir(folderOf(runner), { recursive: true });
  const [source, ending] = SUITES[runner];
  await Promise.all(['first', 'second'].map((name) => cp(source, join(folderOf(runner), `${name}.test.${ending}`))));
}

/** Runs a program with nothing of the environment of these tests; an error shows what it printed. */
async function run(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { PATH = '', HOME = '' } = process.env;
  const options = { env: { PATH, HOME, CI: 'true', ...env }, timeout: TIMEOUT_MS };
  const result = await promisify(execFile)(process.execPath, args, options).catch((error: Record<string, string>) => {
    throw new Error(`node ${args.join(' ')} failed:\n${error['stdout']}${error['stderr']}`);
  });
  return result.stdout + result.stderr;
}

describe('The test kit', () => {
  let TMPDIR: string;

  beforeAll(async () => {
    // An own folder for temporary files: no server of another test runs there. As root, the server runs as another user.
    TMPDIR = await mkdtemp(join(tmpdir(), 'iam-speed-'));
    await chmod(TMPDIR, 0o711);
    await Promise.all([copySuite('vitest'), copySuite('jest')]);
  });
  afterAll(() => rm(TMPDIR, { recursive: true, force: true }));

  const measure = async (): Promise<Times> =>
    JSON.parse(await run([join(import.meta.dirname, 'runners/speed.mjs')], { TMPDIR }));

  /** PostgreSQL removes the file of its process when it has shut down. */
  const serverEnds = (): Promise<boolean> =>
    eventually(async () => {
      const files = await readdir(TMPDIR, { recursive: true });
      return !files.some((file) => file.endsWith('postmaster.pid'));
    }, 30_000);

  it(
    'works under node:test, as the examples of docs/testing.md show',
    async () => {
      const names = ['invitations', 'organizations.contract'];
      const files = names.map((name) => `examples/testing/${name}.test.mjs`);
      expect(await run(['--test', ...files])).toMatch(/^# fail 0$/m);
    },
    TEST_MS,
  );

  it(
    'works under vitest, in two files at the same time',
    async () => {
      const output = await run([join(FOLDER, 'node_modules/vitest/vitest.mjs'), 'run', '--root', folderOf('vitest')]);
      expect(output).toMatch(/Test Files .*2 passed/);
    },
    TEST_MS,
  );

  it(
    'works under jest, in two files at the same time',
    async () => {
      const config = {
        rootDir: folderOf('jest'),
        testMatch: ['**/*.test.cjs'],
        transform: {},
        testEnvironment: '<rootDir>/jest.environment.mjs',
      };
      await cp('examples/testing/jest.environment.mjs', join(folderOf('jest'), 'jest.environment.mjs'));
      const args = ['node_modules/jest/bin/jest.js', '--maxWorkers=2', `--config=${JSON.stringify(config)}`];
      const output = await run(args);
      expect(output).toMatch(/Test Suites: 2 passed, 2 total/);
    },
    TEST_MS,
  );

  it(
    'starts, resets and starts another app within the times of docs/testing.md',
    async () => {
      const first = await measure();
      await serverEnds();
      const next = await measure();
      process.stdout.write(`In ms, medians of reset and another: ${JSON.stringify({ first, next })}\n`);
      // Five times as long, since the machine may be shared: 2 s, 100 ms and 500 ms.
      for (const { cold, reset, another } of [first, next]) {
        expect(cold).toBeLessThan(10_000);
        expect(reset).toBeLessThan(500);
        expect(another).toBeLessThan(2_500);
      }
      await serverEnds();
      expect(await readdir(TMPDIR)).toHaveLength(1);
    },
    TEST_MS,
  );

  it(
    'starts on new files after a crash of the machine',
    async () => {
      const base = join(TMPDIR, (await readdir(TMPDIR))[0] ?? '');
      const name = await readFile(join(base, 'current'), 'utf8');
      const beforeTheCrash = name.replace(/^server-[^-]+/, 'server-00000000');
      await rename(join(base, name), join(base, beforeTheCrash));
      await writeFile(join(base, 'current'), beforeTheCrash);
      await measure();
      await serverEnds();
      expect(await readdir(base)).not.toContain(beforeTheCrash);
    },
    TEST_MS,
  );

  it(
    'serves front ends that are tested with Playwright',
    async () => {
      // As in a project that has the package; here, npx would look for it in the registry.
      await mkdir(folderOf('bin'), { recursive: true });
      const npx = `#!/bin/sh\nshift\nexec ${process.execPath} ${resolve('dist/iam.cjs')} "$@"\n`;
      await writeFile(join(folderOf('bin'), 'npx'), npx, { mode: 0o755 });
      const output = await run(['--test', 'examples/testing/join.playwright.test.mjs'], {
        CHROMIUM_PATH: executable ?? '',
        PATH: `${folderOf('bin')}:${process.env['PATH']}`,
      });
      expect(output).toMatch(/^# fail 0$/m);
    },
    TEST_MS,
  );
});
