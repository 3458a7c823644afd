import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { directory, type Directory } from './directory.js';
import type { Connect } from './generated/client.js';

/** Where `.ci/generated-clients`, which runs this file, has installed the generators; `npm test` does not run it. */
const FOLDER = resolve(process.env['IAM_TEST_GENERATED_CLIENTS'] ?? '');
const NEWER_NODE = process.env['IAM_TEST_NEWER_NODE'] ?? '';

/** Each generator's command, as docs/json-api.md has it, and the Node that runs it. */
const GENERATORS: readonly [name: string, node: string, program: string, ...args: string[]][] = [
  [
    'openapi-typescript',
    process.execPath,
    'openapi-typescript/bin/cli.js',
    'openapi.json',
    '--output',
    'generated/openapi-typescript.ts',
  ],
  [
    'swagger-typescript-api',
    process.execPath,
    'swagger-typescript-api/dist/cli.mjs',
    'generate',
    '--path',
    'openapi.json',
    '--output',
    'generated',
    '--name',
    'swagger-typescript-api.ts',
  ],
  ['orval', NEWER_NODE, 'orval/dist/bin/orval.mjs', '--config', 'orval.config.js'],
];

/** Both take 8 s of a core, and many times that on a machine that is shared. */
const COMPILE_TIMEOUT_MS = 300_000;

const STRICT = ['--ignoreConfig', '--strict', '--noUncheckedIndexedAccess', '--noImplicitOverride', '--skipLibCheck'];
const TARGET = ['--module', 'nodenext', '--target', 'es2023', '--lib', 'es2023,dom,dom.iterable', '--outDir', 'dist'];

/** Runs a program that is installed there; an error shows what it printed. */
async function run(node: string, program: string, ...args: string[]): Promise<void> {
  const path = join(FOLDER, 'node_modules', program);
  await promisify(execFile)(node, [path, ...args], { cwd: FOLDER }).catch(
    ({ stdout, stderr }: Record<string, string>) => {
      throw new Error(`${program} failed:\n${stdout}${stderr}`);
    },
  );
}

describe('Clients out of openapi.json', () => {
  let app: TestApp;
  let world: Directory;

  beforeAll(async () => {
    app = await startApp();
    world = await directory(app);
  });
  afterAll(() => app.stop());

  describe.each(GENERATORS)('by %s', (name, node, program, ...args) => {
    const client = async () => {
      const path = pathToFileURL(join(FOLDER, `dist/with-${name}.js`)).href;
      const { connect }: { connect: Connect } = await import(path);
      return connect(app.url, world.token);
    };

    it(
      'compile in strict mode, with a program that uses them',
      async () => {
        await run(node, program, ...args);
        await run(process.execPath, 'typescript/bin/tsc', ...STRICT, ...TARGET, `with-${name}.ts`);
      },
      COMPILE_TIMEOUT_MS,
    );

    it('list with filters, order, fields, includes and pages', async () => {
      const { people } = await client();
      expect(await people('of acme')).toEqual({
        names: world.acmeNames.toReversed().slice(3, 6),
        organizations: ['Acme'],
        count: world.acmeNames.length,
        next: expect.stringContaining('page%5Bnumber%5D=3'),
      });
    });

    it('create and update', async () => {
      const { createOrganization, renameOrganization } = await client();
      const created = await createOrganization(`By ${name}`);
      expect(created).toEqual({ id: expect.any(String), name: `By ${name}`, createdAt: expect.any(Date) });
      expect(Date.now() - created.createdAt.getTime()).toBeLessThan(60_000);
      expect(await renameOrganization(created.id, 'Renamed')).toEqual({ ...created, name: 'Renamed' });
    });

    it('name the rule that a value breaks, and where it stands', async () => {
      const { errorOfCreating } = await client();
      expect(await errorOfCreating('')).toEqual(['validation_failed', 'empty', '/data/attributes/name']);
    });
  });
});
