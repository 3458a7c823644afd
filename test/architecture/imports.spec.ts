import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cruise, PROJECT } from './cruise.js';

/** A file, what it imports, and the rule that it breaks. */
const VIOLATIONS = [
  ['src/auth/a.ts', '../accounts/accounts.service.js', 'auth-imports-from-below'],
  ['src/accounts/a.repository.ts', './accounts.service.js', 'repository-imports-from-below'],
  ['src/roles/a.service.ts', '../accounts/account.entity.js', 'neighbours-share-tables-only-with-tables'],
  ['src/roles/b.ts', '../app.setup.js', 'only-the-app-knows-the-app'],
  ['src/json-api/a.ts', '../config/config.js', 'json-api-imports-nothing-else'],
  ['src/roles/c.ts', '../embedded-postgres/server.js', 'the-embedded-postgresql-is-loaded-when-it-is-needed'],
  ['src/roles/d.ts', '../testing/index.js', 'production-does-not-load-the-test-kit'],
  ['src/roles/e.ts', '../teams/teams.js', 'every-folder-has-a-level'],
  ['src/groups/a.ts', '../config/config.js', 'folders-without-a-level-import-nothing'],
  ['src/roles/f.ts', '../../packages/client/src/core.js', 'no-tests-in-the-product'],
  ['src/roles/g.ts', 'typeorm/driver/postgres/PostgresQueryRunner.js', 'library-internals-behind-adapters'],
  ['src/roles/h.ts', '@nestjs/core/injector/container.js', 'library-internals-behind-adapters'],
  ['src/roles/i.ts', 'playwright-core', 'only-declared-packages'],
] as const;

describe('A rule of imports', () => {
  let folder: string;
  let broken: readonly string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'iam-imports-'));
    const write = async (file: string, text: string): Promise<void> => {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), text);
    };
    await symlink(join(PROJECT, 'node_modules'), join(folder, 'node_modules'));
    for (const file of ['package.json', 'tsconfig.json']) await copyFile(join(PROJECT, file), join(folder, file));
    for (const [file, imported] of VIOLATIONS) {
      if (imported.startsWith('.')) {
        await write(join(dirname(file), imported.replace(/\.js$/, '.ts')), 'export const value = 1;\n');
      }
      await write(file, `import * as imported from '${imported}';\nexport const value = imported;\n`);
    }
    const { summary } = await cruise(folder);
    broken = summary.violations.map(({ rule, from }) => `${from}: ${rule.name}`);
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(VIOLATIONS)('fails where %s imports %s: %s', (file, _imported, rule) => {
    expect(broken).toContain(`${file}: ${rule}`);
  });
});
