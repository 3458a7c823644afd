import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { importedPackages, manifest, minifiedModules } from './bundle.js';

/** In bytes. */
const MAX_SIZE = { index: 6_144, auth: 4_096, server: 4_096, query: 4_096 };

/**
 * The measure: each module of the entry minified by swc, all of them one after the other, gzip at its best. A bundler, which
 * leaves out what is not used, makes it smaller.
 */
async function sizeOf(entry: string): Promise<number> {
  const modules = await minifiedModules(`${entry}.ts`);
  return gzipSync([...modules.values()].join('\n'), { level: 9 }).length;
}

describe('The package iam-client', () => {
  it.each(Object.entries(MAX_SIZE))('has an entry %s of at most %i bytes', async (entry, max) => {
    const size = await sizeOf(entry);
    process.stdout.write(`iam-client ${entry}: ${size} of at most ${max} bytes, minified and compressed\n`);
    expect(size).toBeGreaterThan(200);
    expect(size).toBeLessThanOrEqual(max);
  });

  it('has these entries and no other', () => {
    const entries = Object.values(manifest.exports).map((one) => /\.\/dist\/(\w+)\.js/.exec(one.default)?.[1]);
    expect(entries).toEqual(Object.keys(MAX_SIZE));
  });

  it('has no dependencies; jose is for the server alone', async () => {
    expect(manifest.dependencies).toBeUndefined();
    const imported = await Promise.all(Object.keys(MAX_SIZE).map((entry) => importedPackages(`${entry}.ts`)));
    expect(imported).toEqual([[], [], ['jose'], []]);
  });
});
