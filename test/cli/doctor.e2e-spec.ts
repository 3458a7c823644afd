import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { clockFinding } from '../../src/cli/doctor/database-checks.js';
import { redactor } from '../../src/cli/doctor/redactor.js';
import { settingsCheck } from '../../src/cli/doctor/settings.js';
import { examineConfig } from '../../src/config/load-config.js';
import { generateSigningKey } from '../../src/config/signing-keys.js';
import type { VariableValues } from '../../src/config/variables.js';
import { startApp, type TestApp } from '../support/app.js';
import { createTestDatabase } from '../support/database.js';
import { account } from '../support/factories.js';
import { command } from './command-line.js';

const SECRET = 'canary-Zq7vN2xW9kLm4TjR8bYc3HsD6fGp1UeA';

describe('doctor', () => {
  let app: TestApp;
  let folder: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    app = await startApp();
    folder = await mkdtemp(join(tmpdir(), 'iam-doctor-'));
    env = {
      NODE_ENV: 'production',
      DATABASE_URL: app.databaseUrl,
      DATA_DIR: folder,
      APP_URL: 'https://iam.example.org',
      APP_SECRET: SECRET,
      JWT_PRIVATE_KEY: generateSigningKey(),
      MAIL_URL: app.mails.url,
      MAIL_FROM: 'Iam <iam@example.org>',
      TRUSTED_PROXIES: '10.0.0.0/8',
    };
  });
  afterAll(async () => {
    await app.stop();
    await rm(folder, { recursive: true });
  });

  /** What is found, a line each; blanks count once. */
  const examined = async (changes: Record<string, string> = {}) => {
    const { exitCode, out, err } = await command(['doctor'], { ...env, ...changes });
    expect(out + err).not.toMatch(/canary|PRIVATE KEY/);
    return {
      exitCode,
      err,
      lines: out
        .trim()
        .split('\n')
        .map((line) => line.replace(/ +/g, ' ')),
    };
  };
  const bad = async (changes: Record<string, string>) => {
    const { exitCode, lines } = await examined(changes);
    const found = lines.filter((line) => !line.startsWith('ok '));
    expect(exitCode).toBe(found.some((line) => line.startsWith('problem ')) ? 1 : 0);
    return found;
  };

  it('finds nothing wrong with an installation that is as it should be, and changes nothing', async () => {
    const { exitCode, err, lines } = await examined();
    expect([exitCode, err]).toEqual([0, '']);
    expect(lines).toEqual([
      'ok settings Each of them can be read.',
      'ok settings None is weak.',
      'ok roles Accounts may be given the roles user, org_owner, admin; new ones are user.',
      expect.stringMatching(/^ok keys [\w-]{43} \(ES256\) signs; 1 verify\.$/),
      'ok templates Every mail can be rendered.',
      expect.stringMatching(/^ok database \S+:\d+\/iam_test_\w+ responds: PostgreSQL \d+/),
      'ok database Version, encoding and LC_CTYPE are as needed.',
      'ok database It is connected by sessions, and the time limits of requests apply.',
      'ok clock The clocks of this machine and of the database match.',
      'ok migrations The schema is up to date.',
      'ok privileges The role has every privilege that the service needs.',
      'ok accounts An admin can sign in.',
      expect.stringMatching(/^ok relay 127\.0\.0\.1:\d+ responds\.$/),
    ]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('names every problem of the configuration, and still looks at what does not depend on it', async () => {
    const { exitCode, err, lines } = await examined({
      PORT: 'x',
      BCRYPT_COST: '4',
      MAIL_URL: 'canary',
      APP_SECRET: '',
    });
    expect([exitCode, err]).toEqual([1, 'There are 4 problems.\n']);
    expect(lines.slice(0, 4).sort()).toEqual([
      'problem settings BCRYPT_COST must be at least 10 in production.',
      expect.stringMatching(/^problem settings MAIL_URL must be a URL/),
      expect.stringMatching(/^problem settings PORT must be a whole number .* not "x"\.$/),
      'problem settings Production does not start without APP_SECRET.',
    ]);
    expect(lines).toContain('ok migrations The schema is up to date.');
    expect(lines).toContain('warning relay Not checked: correct MAIL_URL first.');
  });

  it.each<[Record<string, string>, RegExp]>([
    [{ THROTTLE_DISABLED: 'true' }, /^problem settings THROTTLE_DISABLED is true/],
    [{ APP_URL: 'http://iam.example.org' }, /^problem settings APP_URL is http/],
    [{ APP_URL: 'https://localhost:3000' }, /^problem settings APP_URL is this machine/],
    [{ APP_URL: 'https://192.0.2.7' }, /^warning settings Passkeys are off/],
    [{ TRUSTED_PROXIES: '10.0.0.1,0.0.0.0/0' }, /^problem settings TRUSTED_PROXIES trusts every address/],
    [{ TRUSTED_PROXIES: '' }, /^warning settings TRUSTED_PROXIES is empty/],
    [{ CORS_ORIGINS: 'http://app.example.org' }, /^warning settings CORS_ORIGINS/],
    [{ MAIL_FROM: 'no-reply@example.com' }, /^warning settings MAIL_FROM/],
    [{ ACCESS_TOKEN_SECONDS: '7200' }, /^warning settings ACCESS_TOKEN_SECONDS/],
    [{ LOG_LEVEL: 'trace' }, /^warning settings LOG_LEVEL/],
    [{ ADMIN_EMAIL: 'a@example.org', ADMIN_PASSWORD: 'canary-Password-1' }, /^warning settings ADMIN_PASSWORD/],
    [{ NODE_ENV: 'test' }, /^warning settings NODE_ENV is test/],
  ])('finds %j weak', async (changes, warning) => {
    const { values } = examineConfig({ ...env, ...changes });
    const found = await settingsCheck.run(values as VariableValues, {});
    expect(found.map(({ level, subject, text }) => `${level} ${subject} ${text}`)).toEqual([
      expect.stringMatching(warning),
    ]);
  });

  it('finds a pool that is larger than the database', async () => {
    expect(await bad({ DATABASE_POOL_SIZE: '1000' })).toEqual([
      expect.stringMatching(/^warning database It gives \d+ connections, and one instance needs 1008/),
    ]);
  });

  it('finds secrets that others can read', async () => {
    const file = join(folder, 'app-secret-file');
    await writeFile(file, SECRET);
    await chmod(file, 0o604);
    const warning = `warning settings APP_SECRET_FILE can be read by every user of this machine. Run: chmod o= ${file}`;
    expect(await bad({ APP_SECRET: '', APP_SECRET_FILE: file })).toEqual([warning]);
    await rm(file);
  });

  it('says what cannot be reached', async () => {
    const away = { DATABASE_URL: 'postgres://iam:canary@127.0.0.1:1/iam', MAIL_URL: 'smtp://iam:canary@127.0.0.1:1' };
    expect(await bad(away)).toEqual([
      expect.stringMatching(
        /^problem database 127\.0\.0\.1:1\/iam cannot be used: .*ECONNREFUSED.* Correct DATABASE_URL/,
      ),
      expect.stringMatching(/^problem relay 127\.0\.0\.1:1 cannot be used: .*ECONNREFUSED.* Correct MAIL_URL/),
    ]);
    const gone = new URL(app.databaseUrl);
    gone.pathname = '/canary';
    const [line] = (await command(['doctor'], { ...env, DATABASE_URL: gone.href })).out.match(/^problem .*/m) ?? [];
    expect(line).toMatch(/database "canary" does not exist/);
  });

  it('finds broken files: roles, keys and templates', async () => {
    const [roles, templates] = [join(folder, 'roles.yml'), join(folder, 'templates')];
    await writeFile(roles, 'roles:\n  user:\n    rank: high\n    rights: [nothing]\n');
    await writeFile(templates, 'no folder');
    const found = await bad({ ROLES_FILE: roles, MAIL_TEMPLATES: templates, JWT_PRIVATE_KEY: 'canary' });
    expect(found).toContainEqual(expect.stringMatching(/^problem settings JWT_PRIVATE_KEY must be a PKCS 8 PEM/));
    expect(found).toContainEqual(expect.stringMatching(/^problem roles roles\.user\.rank: must be a whole number/));
    expect(found).toContainEqual(expect.stringMatching(/^problem roles roles\.user\.rights\[0\]: /));
    expect(found).toContainEqual(expect.stringMatching(/^problem templates .*templates/));
    await Promise.all([rm(roles), rm(templates)]);
  });

  it('finds accounts whose role is gone, and that no admin can sign in', async () => {
    await account(app, { role: 'captain' });
    await app.sql(`UPDATE accounts SET enabled = false WHERE role_name = 'admin'`);
    expect(await bad({})).toEqual([
      'problem accounts Some have the role captain, which the roles file lacks: they cannot sign in.',
      'warning accounts No admin can sign in. Create one: npx iam create-admin',
    ]);
    await app.sql(`DELETE FROM accounts WHERE role_name = 'captain'`);
    await app.sql(`UPDATE accounts SET enabled = true`);
  });

  it('finds a role that requires a second factor and allows none, and counts who has none yet', async () => {
    const roles = join(folder, 'roles.yml');
    const treasurer = (...rights: readonly string[]) =>
      `extends: default\nroles: { treasurer: { rank: 15, mfa: required, rights: [${rights.join(', ')}] } }\n`;
    await writeFile(roles, treasurer('iam:account_factors.create.own'));
    expect(await bad({ ROLES_FILE: roles })).toEqual([
      'problem roles roles.treasurer.mfa: required, but the rights of the role do not allow adding a second factor; ' +
        'add iam:account_factors.read.own, or iam:account_passkeys.create.own and iam:account_passkeys.read.own.',
    ]);
    await writeFile(roles, treasurer('iam:account_factors.*.own'));
    const people = [await account(app, { role: 'treasurer' }), await account(app, { role: 'treasurer' })];
    const { exitCode, lines } = await examined({ ROLES_FILE: roles });
    expect(exitCode).toBe(0);
    expect(lines).toContain(
      'ok accounts 2 of the role treasurer, which requires a second factor, have none: they can add one, and nothing else.',
    );
    for (const { id } of people) await app.sql('DELETE FROM accounts WHERE id = $1', [id]);
    await rm(roles);
  });

  it('counts accounts whose hash takes more work than the service checks', async () => {
    const { id } = await account(app);
    const set = "UPDATE account_credentials SET hashed_password = '$2b$15$' || repeat('a', 53) WHERE account_id = $1";
    await app.sql(set, [id]);
    expect(await bad({})).toContainEqual(
      expect.stringMatching(/^warning accounts 1 account has a hash of more work than HASH_MAX_COST=13 allows/),
    );
    expect(await bad({ HASH_MAX_COST: '15' })).not.toContainEqual(expect.stringContaining('HASH_MAX_COST'));
    await app.sql('DELETE FROM account_credentials WHERE account_id = $1', [id]);
  });

  it('finds migrations that are pending, or of a newer release, and runs none', async () => {
    const database = await createTestDatabase();
    try {
      const on = { DATABASE_URL: database.url };
      const client = new Client({ connectionString: database.url });
      await client.connect();
      try {
        await client.query(`INSERT INTO migrations (timestamp, name) VALUES (9, 'FromTheFuture9')`);
        expect(await bad(on)).toContainEqual(
          expect.stringMatching(/^warning migrations .*FromTheFuture9.*newer release/),
        );
        await client.query(`DELETE FROM migrations WHERE name LIKE 'InitialSchema%'`);
        expect(await bad(on)).toEqual(
          expect.arrayContaining([
            expect.stringMatching(/^warning migrations .*FromTheFuture9/),
            expect.stringMatching(/^problem migrations Pending are InitialSchema/),
          ]),
        );
        await client.query('DROP SCHEMA public, graphile_worker CASCADE; CREATE SCHEMA public');
        const pending =
          /migrations Pending are InitialSchema1764000000000, .*\. (Run: npx iam migrate|The next start runs them\.)$/;
        expect(await bad(on)).toEqual([expect.stringMatching(new RegExp(`^problem ${pending.source}`))]);
        const onStart = await bad({ ...on, MIGRATE_ON_START: 'true' });
        expect(onStart).toEqual([expect.stringMatching(new RegExp(`^warning ${pending.source}`))]);
        expect((await client.query(`SELECT to_regclass('migrations') AS made`)).rows).toEqual([{ made: null }]);
      } finally {
        await client.end();
      }
    } finally {
      await database.drop();
    }
  });

  it('takes secrets out of what a library says', () => {
    const redact = redactor({ DATABASE_URL: 'postgres://iam:s%40lty@db/iam', APP_SECRET: 'newest-one, older-one' });
    const said = 'cannot use postgres://iam:s%40lty@db/iam, s%40lty, s@lty, newest-one or older-one on db';
    expect(redact(said)).toBe('cannot use …, …, …, … or … on db');
  });

  it.each([
    [1_900, 'ok'],
    [-1_900, 'ok'],
    [5_000, 'warning'],
    [-61_000, 'problem'],
  ])('takes clocks that are %i ms apart for a matter of %s', (differenceMs, level) => {
    expect(clockFinding(differenceMs).level).toBe(level);
  });
});
