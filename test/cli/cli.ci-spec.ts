import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { startApp, type TestApp } from '../support/app.js';
import { send } from '../support/client.js';
import { createTestDatabase, databaseEnvironment, type TestDatabase } from '../support/database.js';
import { command, startCommand } from './command-line.js';

/** Starting a process of its own takes a while on a busy machine, in milliseconds. */
const TIMEOUT_MS = 60_000;
/** Of every sample account; it stands in the help of the command too. */
const PASSWORD = 'Sample-account-1';

describe('the command line', () => {
  it('lists its commands, and explains each', async () => {
    const [list, help] = await Promise.all([command(['--help']), command(['seed', '--help'])]);
    expect([list.exitCode, list.err]).toEqual([0, '']);
    for (const name of ['migrate', 'seed', 'openapi']) expect(list.out).toContain(`\n  ${name} `);
    expect([help.exitCode, help.err]).toEqual([0, '']);
    expect(help.out).toContain(PASSWORD);
  });

  it.each([[['help', 'mail', 'retry']], [['mail', 'retry', '-h']], [['mail', 'retry', '17', '--help']]])(
    'explains a command when called as %j',
    async (args) => {
      const { exitCode, out, err } = await command(args);
      expect([exitCode, err]).toEqual([0, '']);
      expect(out).toContain('Usage: npx iam mail retry');
    },
  );

  it.each([[['help']], [['-h']]])('lists its commands when called as %j', async (args) => {
    const { exitCode, out, err } = await command(args);
    expect([exitCode, err]).toEqual([0, '']);
    expect(out).toContain('Usage: npx iam <command>');
  });

  it.each([[[]], [['sow']], [['seed', '--acounts', '5']], [['seed', '--accounts', 'many']], [['migrate', 'now']]])(
    'does nothing when called as %j, and exits with 2',
    async (args) => {
      const { exitCode, out, err } = await command(args);
      expect(exitCode).toBe(2);
      expect(out + err).toContain('npx iam ');
    },
  );

  it.each([['--version'], ['-V'], ['version']])('prints its version with %s', async (word) => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8'));
    expect(await command([word])).toEqual({ exitCode: 0, out: `${version}\n`, err: '' });
  });

  it('names the file that is not there', async () => {
    const file = 'not/there.ndjson';
    const err = `There is no file or folder ${file}.\n`;
    expect(await command(['accounts', 'import', file])).toEqual({ exitCode: 1, out: '', err });
  });

  it('prints every variable as .env.example does', async () => {
    const out = await readFile('.env.example', 'utf8');
    expect(await command(['variables'])).toEqual({ exitCode: 0, out, err: '' });
  });

  it('is the program of the package, which the system can run by itself', async () => {
    const { bin } = JSON.parse(await readFile('package.json', 'utf8'));
    expect(bin).toEqual({ iam: 'dist/iam.cjs' });
    // The compiler keeps it.
    expect(await readFile('src/iam.cts', 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('names what is wrong with the configuration, and exits with 1', async () => {
    const { exitCode, out, err } = await command(['migrate'], { PORT: 'x', BCRYPT_COST: '99' });
    expect([exitCode, out]).toEqual([1, '']);
    expect(err).toMatch(/PORT must be.*BCRYPT_COST must be/s);
  });
});

describe('commands on a database', () => {
  let database: TestDatabase;
  let client: Client;
  let env: Record<string, string>;

  beforeEach(async () => {
    database = await createTestDatabase();
    client = new Client({ connectionString: database.url });
    await client.connect();
    env = {
      ...databaseEnvironment(database.url),
      DATA_DIR: await mkdtemp(join(tmpdir(), 'iam-cli-')),
      BCRYPT_COST: '4',
      NODE_ENV: 'test',
    };
  });

  afterEach(async () => {
    await client.end();
    await database.drop();
    await rm(env['DATA_DIR'] ?? '', { recursive: true, force: true });
  });

  const one = async (statement: string): Promise<unknown> => Object.values((await client.query(statement)).rows[0])[0];

  it('migrate brings the schema of the service and of the outbox up to date, once', async () => {
    await client.query('DROP SCHEMA public, graphile_worker CASCADE; CREATE SCHEMA public');
    const [first, second] = await Promise.all([command(['migrate'], env), command(['migrate'], env)]);
    expect([first.exitCode, first.err, second.exitCode, second.err]).toEqual([0, '', 0, '']);
    expect([first.out, second.out].sort()).toEqual([
      expect.stringMatching(/^InitialSchema1764000000000\n(.*\n)*Ran \d+ migrations\.\n$/),
      'The schema is up to date.\n',
    ]);
    expect(await one(`SELECT to_regclass('accounts') IS NOT NULL`)).toBe(true);
    expect(await one(`SELECT to_regclass('graphile_worker.jobs') IS NOT NULL`)).toBe(true);
  });

  it('seed adds organizations, accounts of every kind and memberships, and a second run adds more', async () => {
    const { exitCode, out } = await command(['seed', '--accounts', '300', '--organizations', '5'], env);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^Added 300 accounts, 5 organizations, \d+ memberships in .* rows\/s\)\.\n/);
    expect(out).toContain('user1@seed.example.com to user300@seed.example.com');
    const { out: further } = await command(['seed', '--accounts', '10', '--organizations', '0'], env);
    expect(further).toContain('user301@seed.example.com to user310@seed.example.com');

    expect(await one('SELECT count(*)::int FROM accounts')).toBe(310);
    expect(await one('SELECT count(*)::int FROM organizations')).toBe(5);
    expect(await one('SELECT array_agg(DISTINCT role_name::text ORDER BY role_name::text) FROM accounts')).toEqual([
      'org_owner',
      'user',
    ]);
    // Every organization has an owner who can sign in.
    const owned = `SELECT count(DISTINCT organization_id)::int FROM memberships JOIN accounts ON accounts.id = account_id
      WHERE role_name = 'org_owner' AND enabled AND joined_at IS NOT NULL`;
    expect(await one(owned)).toBe(5);
    expect(await one('SELECT count(*)::int > 0 FROM accounts WHERE joined_at IS NULL')).toBe(true);
    expect(await one('SELECT count(*)::int > 0 FROM accounts WHERE NOT enabled')).toBe(true);
    const odd = `SELECT count(*)::int FROM accounts LEFT JOIN account_credentials ON account_id = id
      WHERE (hashed_password IS NULL) <> (joined_at IS NULL)`;
    expect(await one(odd)).toBe(0);
    expect(
      await one('SELECT count(*)::int FROM accounts WHERE greatest(created_at, joined_at, updated_at) > now()'),
    ).toBe(0);
    // A UUIDv7 begins with its time, in milliseconds.
    const time = `('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint`;
    expect(await one(`SELECT count(*)::int FROM accounts WHERE ${time} <> extract(epoch FROM created_at) * 1000`)).toBe(
      0,
    );
  });

  it('seed is rejected in production, since its password is public', async () => {
    const production = {
      ...env,
      NODE_ENV: 'production',
      APP_URL: 'https://iam.example.com',
      MAIL_URL: 'smtp://127.0.0.1:25',
      APP_SECRET: 'Zq7vN2xW9kLm4TjR8bYc3HsD6fGp1UeA',
      JWT_PRIVATE_KEY: await signingKey(),
      BCRYPT_COST: '10',
    };
    const rejected = await command(['seed'], production);
    expect([rejected.exitCode, rejected.out]).toEqual([1, '']);
    expect(rejected.err).toContain('--force');
    expect(await one('SELECT count(*)::int FROM accounts')).toBe(0);
    expect((await command(['seed', '--accounts', '3', '--force'], production)).exitCode).toBe(0);
    expect(await one('SELECT count(*)::int FROM accounts')).toBe(3);
  });

  it(
    'seed leaves nothing behind when it is interrupted',
    async () => {
      const running = startCommand(['seed', '--accounts', '10000000'], env);
      const started = `SELECT count(*)::int FROM pg_stat_activity WHERE query LIKE 'COPY accounts%' AND datname = current_database()`;
      while ((await one(started)) === 0) await sleep(20);
      running.process.kill('SIGINT');
      const { exitCode, err } = await running.result;
      expect([exitCode, err]).toEqual([130, expect.stringMatching(/Interrupted\.\n$/)]);
      expect(await one('SELECT count(*)::int FROM organizations')).toBe(0);
      expect(await one('SELECT count(*)::int FROM accounts')).toBe(0);
    },
    TIMEOUT_MS,
  );

  async function signingKey(): Promise<string> {
    // Made by a command outside production, and copied here: production rejects the development key of its own folder.
    await command(['migrate'], env);
    const folder = env['DATA_DIR'] ?? '';
    const key = await readFile(join(folder, 'jwt-private-key.pem'), 'utf8');
    await rm(join(folder, 'jwt-private-key.pem'));
    return key;
  }
});

describe('commands and the service', () => {
  let app: TestApp;

  beforeEach(async () => {
    app = await startApp();
  });
  afterEach(() => app.stop());

  it('seed makes accounts that can sign in, while the service runs', async () => {
    const env = {
      ...databaseEnvironment(app.databaseUrl),
      DATA_DIR: app.config.dataDir,
      BCRYPT_COST: '4',
      NODE_ENV: 'test',
    };
    expect((await command(['seed', '--accounts', '20', '--organizations', '2'], env)).exitCode).toBe(0);
    const body = { email: 'user1@seed.example.com', password: PASSWORD };
    const response = await send(app, 'POST', '/auth/login', { body });
    expect([response.status, response.body.data.attributes.role_name]).toEqual([200, 'org_owner']);
  });

  it(
    'openapi prints the document that the service serves',
    async () => {
      const [printed, served] = await Promise.all([
        startCommand(['openapi'], {}).result,
        send(app, 'GET', '/openapi.json'),
      ]);
      expect([printed.exitCode, printed.out.endsWith('}\n')]).toEqual([0, true]);
      expect(JSON.parse(printed.out)).toEqual(served.body);
    },
    TIMEOUT_MS,
  );
});
