import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { command } from '../cli/command-line.js';
import { products } from '../resources/products/products.extension.js';
import { check } from './type-program.js';

describe('npx iam client', () => {
  const folder = mkdtempSync(join(tmpdir(), 'iam-client-command-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs the command in a project with products. */
  const run = (...args: string[]) => command(['client', ...args], {}, '', products);

  it("writes a client with a team's resources, which compiles", async () => {
    const out = join(folder, 'src/iam');
    expect(await run('--out', out)).toEqual({ exitCode: 0, out: `Wrote ${out}/api.ts.\n`, err: '' });
    const source = readFileSync(join(out, 'api.ts'), 'utf8');
    expect(source).toContain(`} from 'iam-client';`);
    const program = `
      import { createClient } from './team.js';
      const iam = createClient({ url: '' });
      export const page = await iam.products.list({ sort: '-id', page: { size: 1 } });
      // @ts-expect-error
      void iam.products.list({ sort: 'nope' });
      void iam.accounts.list({ filter: { search: 'jane' } });
    `;
    const sources = { 'team.ts': source.replace(`'iam-client'`, `'./core.js'`), 'program.ts': program };
    expect(check(sources).errors).toEqual([]);
  });

  it('says what is missing', async () => {
    const { exitCode, err } = await run();
    expect([exitCode, err]).toEqual([2, expect.stringContaining("required option '--out <FOLDER>' not specified")]);
  });
});
