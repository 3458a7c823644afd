import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { satisfies } from 'semver';

interface Package {
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
  readonly version?: string;
  readonly engines?: { readonly node?: string };
}

const MANIFEST: { engines: { node: string } } = JSON.parse(readFileSync('package.json', 'utf8'));
const LOCK: { packages: Record<string, Package> } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const OLDEST = MANIFEST.engines.node.replace('>=', '');

/**
 * Packages that ask for a newer Node and run on the oldest, as `.ci/node-versions` proves in each CI run: Nest 12 brings
 * the first, the Fastify plugins that it wants the next two, and its logger is the last.
 */
const PROVEN = ['file-type@22', 'content-disposition@3', 'cookie@2', 'nestjs-pino@5'];

describe('The oldest Node that package.json names', () => {
  it('is enough for every package that production installs', () => {
    const demanding = Object.entries(LOCK.packages)
      .filter(([path, { dev, optional, devOptional }]) => path !== '' && !dev && !optional && !devOptional)
      .filter(([, { engines }]) => engines?.node !== undefined && !satisfies(OLDEST, engines.node))
      .map(([path, { version }]) => `${path.split('node_modules/').at(-1)}@${version?.split('.')[0]}`);
    expect(demanding.sort()).toEqual([...PROVEN].sort());
  });

  it('is the one that the types describe', () => {
    const types = LOCK.packages['node_modules/@types/node']?.version ?? '';
    expect(satisfies(types, `~${OLDEST}`)).toBe(true);
  });
});

describe('The image', () => {
  it('has a version of Node that CI starts the service on', () => {
    const [, image] = /^ARG NODE_IMAGE=node:(\d+)-bookworm-slim$/m.exec(readFileSync('Dockerfile', 'utf8')) ?? [];
    const [, versions] = /for version in "\$oldest" ([\d ]+);/.exec(readFileSync('.ci/node-versions', 'utf8')) ?? [];
    expect(versions?.split(' ')).toContain(image);
  });
});
