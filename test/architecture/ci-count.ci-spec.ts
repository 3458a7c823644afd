import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const PROJECT = join(import.meta.dirname, '../..');

/** What is left of jest's report of one file: its tests by name, with why they failed or null. */
const reportOf = (tests: Readonly<Record<string, string | null>>, loaded = true) => {
  const results = Object.entries(tests).map(([fullName, message]) => ({
    fullName,
    status: message === null ? 'passed' : 'failed',
    failureMessages: message === null ? [] : [message],
  }));
  const failed = results.some(({ status }) => status === 'failed') || !loaded;
  const file = {
    name: join(PROJECT, 'test/one.spec.ts'),
    status: failed ? 'failed' : 'passed',
    message: loaded ? '' : 'Cannot find module',
    assertionResults: results,
  };
  return { numPassedTests: results.filter(({ status }) => status === 'passed').length, testResults: [file] };
};

describe('The end of a CI run', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'iam-ci-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const write = (name: string, report: object): Promise<void> => writeFile(join(folder, name), JSON.stringify(report));

  const run = (script: string): Promise<{ code: number; said: string }> =>
    new Promise((resolve) => {
      const args = [`.ci/${script}`, join(folder, 'check.json')];
      const env = { ...process.env, NODE_OPTIONS: '' };
      execFile(process.execPath, args, { cwd: PROJECT, env }, (error, said) =>
        resolve({ code: Number(error?.code ?? 0), said }),
      );
    });

  it('counts what passed', async () => {
    await write('check.json', reportOf({ adds: null, divides: null }));
    expect((await run('count.js')).said).toBe('2 passed, 0 failed\n');
  });

  it('names what failed, and why, before its last line', async () => {
    await write('check.json', reportOf({ adds: null, divides: 'Expected: 2' }));
    expect((await run('count.js')).said).toBe('FAILED test/one.spec.ts: divides\nExpected: 2\n\n1 passed, 1 failed\n');
  });

  it('counts a file that could not be loaded, and a run that never came to its tests', async () => {
    expect((await run('count.js')).said).toMatch(/No tests were run\n\n0 passed, 1 failed\n$/);
    await write('check.json', reportOf({}, false));
    expect((await run('count.js')).said).toBe('FAILED test/one.spec.ts\nCannot find module\n\n0 passed, 1 failed\n');
  });

  it('names what failed among the others and passed alone, and lets it pass', async () => {
    await write('check.json', reportOf({ adds: null, divides: 'too slow' }));
    expect(await run('again.js')).toEqual({ code: 0, said: 'test/one.spec.ts\n' });
    await write('check.again.json', reportOf({ adds: null, divides: null }));
    expect((await run('count.js')).said).toBe(
      'FLAKY, passed when run alone: test/one.spec.ts: divides\ntoo slow\n\n2 passed, 0 failed\n',
    );
  });

  it('counts what fails a second time, and what fails then for the first time', async () => {
    await write('check.json', reportOf({ adds: null, divides: 'no', halves: 'no' }));
    await write('check.again.json', reportOf({ adds: 'not now', divides: null, halves: 'no' }));
    expect((await run('count.js')).said).toMatch(/2 passed, 2 failed\n$/);
    await write('check.again.json', reportOf({}, false));
    expect((await run('count.js')).said).toMatch(/1 passed, 3 failed\n$/);
    // What did not run the second time has not passed.
    await write('check.again.json', reportOf({ adds: null, halves: null }));
    expect((await run('count.js')).said).toMatch(/2 passed, 1 failed\n$/);
  });

  it('shows the first lines of each of many failures', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const message = Array.from({ length: 20 }, (_, line) => `line ${line}`).join('\n');
    await write('check.json', reportOf(Object.fromEntries(names.map((name) => [name, message]))));
    const { said } = await run('count.js');
    expect(said.match(/line 5/g)).toHaveLength(names.length);
    expect(said).not.toContain('line 6');
  });

  it('gives no second run to failures in many files, to a file that cannot be loaded, and to a run without tests', async () => {
    expect((await run('again.js')).code).toBe(1);
    await write('check.json', reportOf({}, false));
    expect((await run('again.js')).code).toBe(1);
    const files = ['one', 'two', 'three', 'four'].map((name) => {
      const { testResults } = reportOf({ a: 'no', b: 'no' });
      return { ...testResults[0], name: join(PROJECT, `test/${name}.spec.ts`) };
    });
    await write('check.json', { numPassedTests: 0, testResults: files });
    expect((await run('again.js')).code).toBe(1);
    await write('check.json', { numPassedTests: 0, testResults: files.slice(1) });
    expect((await run('again.js')).said).toBe('test/two.spec.ts\ntest/three.spec.ts\ntest/four.spec.ts\n');
  });

  it('runs a failed file again, of whichever set it is', async () => {
    const script = await readFile(join(PROJECT, '.ci/run'), 'utf8');
    const command = script.split('\n').find((line) => line.includes('--runTestsByPath $files'));
    const files = ['test/architecture/layout.spec.ts', 'test/sign-in/many-sessions.ci-spec.ts'];
    const env = { PATH: process.env['PATH'], files: files.join(' '), report: join(folder, 'check.json') };
    await promisify(execFile)('bash', ['-c', `${command} --listTests`], { cwd: PROJECT, env });
    const listed: string[] = JSON.parse(await readFile(join(folder, 'check.again.json'), 'utf8'));
    expect(listed.map((file) => relative(PROJECT, file)).sort()).toEqual(files);
  });
});
