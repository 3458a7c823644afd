import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const CRUISER = 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs';

interface Report {
  readonly summary: { readonly violations: readonly { from: string; to: string; rule: { name: string } }[] };
  readonly modules: readonly unknown[];
}

describe('Imports', () => {
  it('obey the rules of .dependency-cruiser.cjs', async () => {
    const command = [CRUISER, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'src'];
    // Jest's flags for ES modules are not the cruiser's.
    const options = { cwd: PROJECT, env: { ...process.env, NODE_OPTIONS: '' }, maxBuffer: 64 * 1024 * 1024 };
    // The cruiser ends with the number of violations, which are in its output all the same.
    const { stdout } = await promisify(execFile)(process.execPath, command, options).catch(
      (error: { stdout: string }) => error,
    );
    const { summary, modules }: Report = JSON.parse(stdout);
    expect(summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} imports ${to}`)).toEqual([]);
    expect(modules.length).toBeGreaterThan(200);
  }, 60_000);
});
