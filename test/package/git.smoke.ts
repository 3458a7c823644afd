import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TIMEOUT_MS, type } from './typed.js';

describe('A project that depends on a commit of the repository', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'iam-git-'));
    await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it(
    'gets the built package, without sources',
    async () => {
      const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
      await type(`npm install git+file://${resolve('.')}#${commit}`, folder);
      expect(await type('npx iam --help', folder)).toContain('Usage: npx iam <command>');
      const imported = `import('iam').then(({ defineResource }) => console.log(typeof defineResource))`;
      expect(await type(`node -e "${imported}"`, folder)).toBe('function\n');
      const installed = (path: string): boolean => existsSync(join(folder, 'node_modules/iam', path));
      expect(['dist/index.d.ts', 'roles.yml', 'src', 'test'].map(installed)).toEqual([true, true, false, false]);
    },
    2 * TIMEOUT_MS,
  );
});
