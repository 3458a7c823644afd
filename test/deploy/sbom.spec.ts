import { beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

interface Package {
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
  readonly version?: string;
  /** Of a workspace, which is no part of the service. */
  readonly link?: boolean;
}

describe('What a build says that the service is made of', () => {
  let components: { name: string; group?: string; version: string; purl: string }[];
  let licenses: string[];
  const lock: { packages: Record<string, Package> } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const manifest: { scripts: Record<string, string>; [group: string]: Record<string, string> } = JSON.parse(
    readFileSync('package.json', 'utf8'),
  );

  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), 'iam-sbom-'));
    try {
      for (const file of ['package.json', 'package-lock.json']) cpSync(file, join(folder, file));
      execFileSync(process.execPath, [resolve('deploy/sbom.js')], { cwd: folder });
      ({ components } = JSON.parse(readFileSync(join(folder, 'dist/sbom.cdx.json'), 'utf8')));
      licenses = readFileSync(join(folder, 'dist/LICENSES.txt'), 'utf8').trim().split('\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 120_000);

  it('names every package that is installed without the development and optional ones, and its version', () => {
    const named = new Set(components.map(({ purl }) => decodeURIComponent(purl)));
    const installed = Object.entries(lock.packages).filter(
      ([path, { dev, optional, devOptional, link }]) =>
        path.startsWith('node_modules/') && !link && !dev && !optional && !devOptional,
    );
    expect(installed.length).toBeGreaterThan(100);
    const missing = installed.filter(([path, { version }]) => {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      return !named.has(`pkg:npm/${name}@${version}`);
    });
    expect(missing).toEqual([]);
  });

  it('names every production dependency of the manifest with its licence', () => {
    for (const name of Object.keys({ ...manifest['dependencies'], ...manifest['peerDependencies'] })) {
      const named = licenses.filter((line) => line.startsWith(`${name} `));
      expect(named).not.toEqual([]);
      expect(named.filter((line) => !/: [\w(]/.test(line) || line.endsWith('not declared'))).toEqual([]);
    }
  });

  it('names nothing that only development needs', () => {
    for (const name of ['jest', 'eslint', 'typescript-eslint', 'prettier', 'iam-client']) {
      expect(licenses.filter((line) => line.startsWith(`${name} `))).toEqual([]);
    }
  });

  it('is written by each build, and kept by the image', () => {
    expect(manifest.scripts['build']).toContain('npm run --silent sbom');
    const dockerfile = readFileSync('Dockerfile', 'utf8');
    expect(dockerfile).toMatch(
      /COPY [^\n]*deploy\/sbom\.js[\s\S]*RUN npm run build[\s\S]*COPY --from=build \/app\/dist/,
    );
    expect(readFileSync('.dockerignore', 'utf8')).toContain('!deploy/sbom.js');
  });
});
