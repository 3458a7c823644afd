import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mailsTo } from '../accounts/mails.js';
import { serviceAccount } from '../api-keys/keys.js';
import { eventually } from '../outbox/outbox-fixture.js';
import { startApp, type TestApp } from '../support/app.js';
import { as } from '../support/client.js';
import { databaseEnvironment } from '../support/database.js';
import { account, admin, signedIn } from '../support/factories.js';
import { command } from './command-line.js';

const OWN = 'iam:accounts.read.own';
const KEY = /^iam_[0-9A-Za-z]{59}\n$/;
const ABSENT_ID = '01900000-0000-7000-8000-000000000000';

describe('keys list, create and revoke', () => {
  let app: TestApp;
  let env: Record<string, string>;

  beforeAll(async () => {
    app = await startApp();
    env = { ...databaseEnvironment(app.databaseUrl), DATA_DIR: app.config.dataDir, NODE_ENV: 'test' };
  });
  afterAll(() => app.stop());

  const keys = (...args: readonly string[]) => command(['keys', ...args], env);
  const status = async (key: string) => (await as(app, key).get('/auth/me')).status;
  const trail = () =>
    app.sql(`SELECT action, actor_id, details FROM audit_events
      WHERE action LIKE 'iam:api_keys.%' ORDER BY id DESC LIMIT 1`);

  it('make, list and revoke a key of an account, on the instance that runs', async () => {
    const { account } = await signedIn(app);
    const made = await keys('create', 'Nightly build', '--email', account.email.toUpperCase(), '--permissions', OWN);
    expect([made.exitCode, made.out, made.err]).toEqual([0, expect.stringMatching(KEY), '']);
    const key = made.out.trim();
    expect(await status(key)).toBe(200);
    expect(await trail()).toEqual([
      { action: 'iam:api_keys.created', actor_id: null, details: { account_id: account.id, by: 'operator' } },
    ]);
    expect((await mailsTo(app, account.email))[0]?.parsed.text).toContain('Name: Nightly build');

    const listed = await keys('list', '--account', account.id);
    expect([listed.exitCode, listed.err]).toEqual([0, '']);
    const [heads, line, ...rest] = listed.out.trim().split('\n');
    expect(heads?.split(/ {2,}/)).toEqual(['ID', 'KEY', 'NAME', 'STATUS', 'EXPIRES', 'LAST USED', 'PERMISSIONS']);
    const [id = '', label, name, state, expires = '', used, permissions] = line?.split(/ {2,}/) ?? [];
    expect([label, name, state, permissions]).toEqual([
      `${key.slice(0, 8)}…${key.slice(-4)}`,
      'Nightly build',
      'active',
      OWN,
    ]);
    expect(Math.round((Date.parse(expires) - Date.now()) / 86_400_000)).toBe(90);
    expect(Date.now() - Date.parse(used ?? '')).toBeLessThan(60_000);
    expect(rest).toEqual([]);
    expect(listed.out).not.toContain(key.slice(8, -4));

    const revoked = await keys('revoke', id);
    expect([revoked.exitCode, revoked.out, revoked.err]).toEqual([0, 'The API key was revoked.\n', '']);
    await eventually(async () => (await status(key)) === 401);
    expect(await trail()).toEqual([
      { action: 'iam:api_keys.revoked', actor_id: null, details: { account_id: account.id, by: 'operator' } },
    ]);
    expect((await keys('list', '--account', account.id)).out).toContain('revoked');
    const again = await keys('revoke', id);
    expect([again.exitCode, again.err]).toEqual([1, `There is no API key ${id} that is not revoked.\n`]);
  });

  it('make a key of a service account, as long as is said', async () => {
    const service = await serviceAccount(await admin(app));
    const { out } = await keys('create', 'Sync', '--account', service, '--permissions', OWN, '--days', '7');
    expect(await status(out.trim())).toBe(200);
    const [key] = await app.sql(`SELECT round(extract(epoch FROM expires_at - now()) / 86400)::int AS days
      FROM api_keys WHERE account_id = '${service}'`);
    expect(key).toEqual({ days: 7 });
  });

  it('say that an account has no keys', async () => {
    const { account } = await signedIn(app);
    expect((await keys('list', '--account', account.id)).out).toBe('There are no API keys.\n');
  });

  it.each<readonly [string, readonly string[], string]>([
    ['an unknown account', ['list', '--email', 'nobody@example.com'], 'There is no account nobody@example.com.'],
    [
      'an unknown owner',
      ['create', 'A', '--account', ABSENT_ID, '--permissions', OWN],
      `There is no account ${ABSENT_ID}.`,
    ],
    ['an unknown key', ['revoke', ABSENT_ID], `There is no API key ${ABSENT_ID} that is not revoked.`],
  ])('say that there is no such thing: %s', async (_, args, error) => {
    const { exitCode, out, err } = await keys(...args);
    expect([exitCode, out, err]).toEqual([1, '', `${error}\n`]);
  });

  it.each<readonly [string, readonly string[], string]>([
    ['a right that the account does not have', ['--permissions', '*.*.*'], 'The account may not *.*.*.'],
    ['what is no right', ['--permissions', 'read'], 'permissions[0] must be a right such as'],
    ['an unknown action', ['--permissions', `${OWN},iam:accounts.fly.own`], 'no module declares the action "fly"'],
    ['more days than API_KEY_MAX_DAYS', ['--permissions', OWN, '--days', '366'], 'must lie at or before'],
  ])('make no key with %s', async (_, args, error) => {
    const { account } = await signedIn(app);
    const { exitCode, out, err } = await keys('create', 'Wrong', '--account', account.id, ...args);
    expect([exitCode, out]).toEqual([1, '']);
    expect(err).toContain(error);
    expect(await app.sql(`SELECT FROM api_keys WHERE account_id = '${account.id}'`)).toEqual([]);
  });

  it('take rights on what a module serves or the roles file declares, and no others, of an admin as well', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'iam-keys-'));
    const roles = join(folder, 'roles.yml');
    await writeFile(
      roles,
      `extends: default\nresources: { dataset:projects: { actions: [read], scopes: [as_user, '*'] } }\n`,
    );
    const { id } = await account(app, { role: 'admin' });
    const create = (permissions: string) =>
      command(['keys', 'create', 'A', '--account', id, '--permissions', permissions], { ...env, ROLES_FILE: roles });
    const rejected = async (permission: string) => {
      const { exitCode, out, err } = await create(`iam:accounts.read.*,${permission}`);
      expect([exitCode, out]).toEqual([1, '']);
      return err;
    };
    const where = 'permissions[1] must be a right such as iam:accounts.read.org: ';
    expect(await rejected('nope:things.read.*')).toBe(
      `${where}"nope:things.read.*": no module serves nope:things, and "resources" does not declare it\n`,
    );
    expect(await rejected('iam:accounts.fly.*')).toContain('no module declares the action "fly" on iam:accounts');
    expect(await rejected('dataset:projects.write.*')).toContain('has the action "write"');
    expect(await app.sql('SELECT FROM api_keys WHERE account_id = $1', [id])).toEqual([]);
    const made = await create('iam:account_factors.update.own,dataset:projects.read.as_user,*.*.*');
    expect([made.exitCode, made.err]).toEqual([0, '']);
    await rm(folder, { recursive: true });
  });

  it.each<readonly [readonly string[]]>([
    [['list']],
    [['list', '--account', ABSENT_ID, '--email', 'a@example.com']],
    [['list', '--account', 'jane']],
    [['create', '--account', ABSENT_ID, '--permissions', OWN]],
    [['create', 'A', '--permissions', OWN]],
    [['create', 'A', '--account', ABSENT_ID]],
    [['create', ' ', '--account', ABSENT_ID, '--permissions', OWN]],
    [['create', 'x'.repeat(101), '--account', ABSENT_ID, '--permissions', OWN]],
    [['create', 'A', '--account', ABSENT_ID, '--permissions', Array(101).fill(OWN).join(',')]],
    [['create', 'A', '--account', ABSENT_ID, '--permissions', 'x'.repeat(256)]],
    [['create', 'A\nB', '--account', ABSENT_ID, '--permissions', OWN]],
    [['create', 'A', '--account', ABSENT_ID, '--permissions', '']],
    [['create', 'A', '--account', ABSENT_ID, '--permissions', OWN, '--days', '0']],
    [['revoke']],
    [['revoke', 'iam_x']],
  ])('do nothing when called with %j, and exit with 2', async (args) => {
    const { exitCode, out, err } = await keys(...args);
    expect([exitCode, out]).toEqual([2, '']);
    expect(err).toContain(`keys ${args[0]} --help`);
  });
});
