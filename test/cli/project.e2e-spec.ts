import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NO_EXTENSION } from '../../src/app.extension.js';
import { projectExtension } from '../../src/app.project.js';
import { compiledPath } from '../runner/compiled.js';
import { createTestDatabase } from '../support/database.js';
import { TEST_ENVIRONMENT } from '../support/environment.js';

/** The built form of an extension, of a project in JavaScript. */
const EXTENSION = `
  class Badges1700000000000 {
    async up(runner) {
      await runner.query('CREATE TABLE badges (account_id uuid REFERENCES accounts (id))');
    }
  }
  export const extension = { migrations: [Badges1700000000000] };
`;

const MANIFEST = { type: 'module', iam: { extension: './dist/extension.js' } };

describe('A project with an extension', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'iam-project-')));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** Writes files of the project, objects as JSON. */
  async function write(files: Record<string, unknown>): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
    }
  }

  /** Runs `iam` there, as an operator does. */
  async function iam(args: readonly string[], env: Record<string, string> = {}) {
    const options = { cwd: folder, env: { ...TEST_ENVIRONMENT, PATH: process.env['PATH'], ...env } };
    return promisify(execFile)(process.execPath, [compiledPath('src/cli.ts'), ...args], options).catch(
      ({ stdout, stderr }: { stdout: string; stderr: string }) => ({ stdout, stderr }),
    );
  }

  it('has commands that know it, such as migrate', async () => {
    const database = await createTestDatabase();
    try {
      await write({ 'package.json': MANIFEST, 'dist/extension.js': EXTENSION });
      const { stdout } = await iam(['migrate'], { DATABASE_URL: database.url });
      expect(stdout).toBe('Badges1700000000000\nRan 1 migrations.\n');
    } finally {
      await database.drop();
    }
  });

  it('runs commands that need no project before it is built, and says at the others what to do', async () => {
    await write({ 'package.json': MANIFEST });
    expect((await iam(['version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await iam(['migrate'])).stderr).toBe(
      `There is no ${folder}/dist/extension.js, which "iam" in ${folder}/package.json names: build the project first.\n`,
    );
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['names no file', { 'package.json': { iam: {} } }, /^"iam" in .* must be as in "iam": \{ "extension":/],
    ['has a misspelled key', { 'package.json': { iam: { extensions: './x.js' } } }, /with nothing else\.$/],
    ['names TypeScript', { 'package.json': { iam: { extension: './src/extension.ts' } } }, /must be as in/],
    ['has a package.json that is no JSON', { 'package.json': '{' }, /package\.json is not JSON: /],
    ['exports none', { 'dist/extension.js': 'export const teams = {};' }, /must export the extension: /],
    ['cannot be loaded', { 'dist/extension.js': 'import "@none/such";' }, /cannot be loaded: Cannot find package/],
    [
      'has another copy of a shared package',
      { 'node_modules/typeorm/package.json': {}, 'dist/extension.js': EXTENSION },
      /^typeorm is installed twice: the service uses \/\S+\/node_modules\/typeorm, this project \/\S+\/node_modules\/typeorm\n/,
    ],
  ])('is rejected with a sentence when it %s', async (_, files, reason) => {
    await write({ 'package.json': MANIFEST, ...files });
    await expect(projectExtension(folder)).rejects.toThrow(reason);
  });

  it('is none without an entry in package.json, and without a package.json', async () => {
    expect(await projectExtension(folder)).toBe(NO_EXTENSION);
    await write({ 'package.json': { type: 'module' } });
    expect(await projectExtension(folder)).toBe(NO_EXTENSION);
  });
});
