import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeProject } from '../../src/cli/new/new-project.js';
import { packageSource } from '../../src/cli/new/package-source.js';
import { command } from './command-line.js';

describe('iam new', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'iam-new-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const read = (path: string): Promise<string> => readFile(join(folder, path), 'utf8');

  it('writes a project of that name, with the versions that the package is tested with', async () => {
    await writeFile(join(folder, 'iam-0.1.0.tgz'), 'packed');
    const source = { spec: 'file:iam-0.1.0.tgz', tarball: join(folder, 'iam-0.1.0.tgz') };
    const files = await writeProject(join(folder, 'billing'), 'billing', source);
    expect(files).toEqual(
      (await readdir(join(folder, 'billing'), { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name).slice(join(folder, 'billing/').length))
        .sort(),
    );
    expect(files).toEqual(
      expect.arrayContaining(['.gitignore', '.env.example', 'Dockerfile', 'ci.sh', 'iam-0.1.0.tgz']),
    );
    const own = JSON.parse(await readFile('package.json', 'utf8'));
    const { name, iam, dependencies, devDependencies } = JSON.parse(await read('billing/package.json'));
    expect([name, iam]).toEqual(['billing', { extension: './dist/extension.js' }]);
    expect(dependencies).toMatchObject({ iam: source.spec, typeorm: own.peerDependencies.typeorm });
    expect(devDependencies.typescript).toBe(own.devDependencies.typescript);
    expect(Object.values({ ...dependencies, ...devDependencies })).not.toContain('*');
    expect(await read('billing/Dockerfile')).toContain('docker build -t billing .');
    expect((await stat(join(folder, 'billing/ci.sh'))).mode & 0o111).toBe(0o111);
  });

  it.each([
    ['is not empty', 'full', 'full is not empty, it has file.txt; name a folder'],
    ['is a file', 'full/file.txt', 'file.txt is a file; name a folder that does not exist yet.'],
    ['has a name that no package can have', 'My Iam', 'A project cannot be called "My Iam", as its folder is:'],
    ['has the name of the package', 'iam', 'A project cannot be called "iam"'],
  ])('writes nothing where the folder %s', async (_, name, reason) => {
    await mkdir(join(folder, 'full'));
    await writeFile(join(folder, 'full/file.txt'), '');
    const { exitCode, out, err } = await command(['new', join(folder, name)]);
    expect([exitCode, out]).toEqual([1, '']);
    expect(err).toContain(reason);
    expect(await readdir(folder, { recursive: true })).toEqual(['full', 'full/file.txt']);
  });

  it.each([
    [
      'a tarball',
      'file:../iam-9.9.9.tgz',
      { spec: 'file:iam-9.9.9.tgz', tarball: expect.stringMatching(/9\.9\.tgz$/) },
    ],
    [
      'git',
      'git+ssh://git@example.com/iam.git#0a1b',
      { spec: 'git+ssh://git@example.com/iam.git#0a1b', tarball: null },
    ],
    ['a registry', 'https://registry.example.com/iam-9.9.9.tgz', { spec: '^9.9.9', tarball: null }],
  ])('takes the package from where it was run from: %s', async (_, resolved, expected) => {
    await mkdir(join(folder, 'there/node_modules/iam'), { recursive: true });
    await writeFile(join(folder, 'iam-9.9.9.tgz'), '');
    const lock = { packages: { 'node_modules/iam': { resolved } } };
    await writeFile(join(folder, 'there/node_modules/.package-lock.json'), JSON.stringify(lock));
    await writeFile(join(folder, 'there/node_modules/iam/package.json'), JSON.stringify({ version: '9.9.9' }));
    expect(packageSource(join(folder, 'there/node_modules/iam'))).toEqual(expected);
  });

  it('says how to pack the package when it is run in a checkout of the sources', async () => {
    const { exitCode, err } = await command(['new', join(folder, 'billing')]);
    expect(exitCode).toBe(1);
    expect(err).toContain('npm pack, and then npm exec --package=./iam-');
    expect(await readdir(folder)).toEqual([]);
  });
});
