import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const CRUISER = join(PROJECT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

interface Report {
  readonly summary: { readonly violations: readonly { from: string; to: string; rule: { name: string } }[] };
  readonly modules: readonly unknown[];
}

/** What the rules of imports say of `src` in this folder. */
export async function cruise(cwd: string): Promise<Report> {
  const command = [CRUISER, '--config', join(PROJECT, '.dependency-cruiser.cjs'), '--output-type', 'json', 'src'];
  // Jest's flags for ES modules are not the cruiser's.
  const options = { cwd, env: { ...process.env, NODE_OPTIONS: '' }, maxBuffer: 64 * 1024 * 1024 };
  // The cruiser ends with the number of violations, which are in its output all the same.
  const { stdout } = await promisify(execFile)(process.execPath, command, options).catch(
    (error: { stdout: string }) => error,
  );
  return JSON.parse(stdout) as Report;
}
