import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { hash as argon2 } from '@node-rs/argon2';
import { hash as bcrypt } from 'bcrypt';
import { pbkdf2Sync, scryptSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp, type TestApp } from '../support/app.js';
import { send } from '../support/client.js';
import { createTestDatabase, databaseEnvironment } from '../support/database.js';
import { account, organization, signIn } from '../support/factories.js';
import { command } from './command-line.js';

const PASSWORD = 'brought along';
const b64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
const lines = (...values: unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');

describe('accounts import', () => {
  let app: TestApp;
  let env: Record<string, string>;
  let folder: string;
  /** Makes e-mails of this test its own. */
  let n = 0;

  beforeAll(async () => {
    app = await startApp();
    folder = await mkdtemp(join(tmpdir(), 'iam-import-'));
    env = { ...databaseEnvironment(app.databaseUrl), DATA_DIR: app.config.dataDir, NODE_ENV: 'test' };
  });
  beforeEach(() => void n++);
  afterAll(async () => {
    await app.stop();
    await rm(folder, { recursive: true });
  });

  const email = (who: string) => `${who}@test${n}.example.com`;
  const person = (who: string, more: object = {}) => ({ name: who, email: email(who), ...more });
  const load = (input: string, ...options: string[]) => command(['accounts', 'import', '-', ...options], env, input);
  const stored = () =>
    app.sql(
      `SELECT accounts.*, hashed_password FROM accounts LEFT JOIN account_credentials ON account_id = id WHERE email LIKE '%@test${n}.example.com' ORDER BY email COLLATE "C"`,
    );
  const names = async () => (await stored()).map(({ name }) => name);

  it('lets people in with the passwords of another system, whatever it hashed them with', async () => {
    const [salt] = [Buffer.from('sixteen bytes ok')];
    const hashes = {
      bcrypt: await bcrypt(PASSWORD, 4),
      argon2id: await argon2(PASSWORD, { memoryCost: 1024, timeCost: 2, parallelism: 1 }),
      scrypt: `$scrypt$ln=10,r=8,p=1$${b64(salt)}$${b64(scryptSync(PASSWORD, salt, 32, { N: 1024, r: 8, p: 1 }))}`,
      pbkdf2: `$pbkdf2-sha256$i=1000$${b64(salt)}$${b64(pbkdf2Sync(PASSWORD, salt, 1000, 32, 'sha256'))}`,
    };
    const people = Object.entries(hashes).map(([who, hashed_password]) => person(who, { hashed_password }));
    const { exitCode, out, err } = await load(lines(...people));
    expect([exitCode, err]).toEqual([0, '']);
    expect(out).toMatch(/^Added 4 accounts, 0 memberships in .* accounts\/s\); 0 there already, 0 rejected\.\n$/);
    for (const who of Object.keys(hashes)) {
      await expect(signIn(app, { email: email(who), password: PASSWORD })).resolves.toBeDefined();
    }
    // The next sign-in finds a hash of our own.
    expect((await stored()).every(({ hashed_password }) => hashed_password.startsWith('$iam1'))).toBe(true);
    const wrong = { email: email('bcrypt'), password: 'something else' };
    expect((await send(app, 'POST', '/auth/login', { body: wrong })).status).toBe(401);
  });

  it('fills in what a line leaves out, and keeps what it says', async () => {
    const id = '0190aaaa-0000-7000-8000-00000000000' + n;
    const full = {
      id: id.toUpperCase(),
      enabled: false,
      role_name: 'org_owner',
      picture_url: 'https://example.com/p.png',
      locale: 'de',
      sso_channel: 'google',
      joined_at: null,
      created_at: '2020-01-02T03:04:05.678+01:00',
      updated_at: '2021-01-01T00:00:00Z',
      hashed_password: '$2b$04$abcdefghijklmnopqrstuuNOBODYNOBODYNOBODYNOBODYNOBODYu',
    };
    await load(lines(person('bare', { name: '  Bare  ' }), person('full', full)));
    const [bare, other] = await stored();
    const times = { joined_at: null, invitation_expired_at: null, created_at: expect.any(Date) };
    expect(bare).toMatchObject({ name: 'Bare', enabled: true, role_name: 'user', hashed_password: null, ...times });
    expect(other).toMatchObject({
      ...full,
      id,
      email_key: email('full'),
      created_at: new Date(full.created_at),
      updated_at: new Date(full.updated_at),
    });
  });

  it('puts people into organizations, by id, by name or by both, and makes them when it is asked to', async () => {
    const acme = await organization(app, `Acme ${n}`);
    const known = [{ organizations: [acme] }, { organizations: [`Acme ${n}`] }, { role_scope: { org: [acme] } }];
    const both = { organizations: [{ id: '0190bbbb-0000-7000-8000-000000000001', name: `Acme ${n}` }, acme] };
    const first = await load(lines(...[...known, both].map((more, place) => person(`p${place}`, more))));
    expect([first.exitCode, first.out]).toEqual([0, expect.stringMatching(/^Added 4 accounts, 4 memberships/)]);

    const [bolt, twin] = [{ id: '0190bbbb-0000-7000-8000-000000000002', name: `Bolt ${n}` }, `Twin ${n}`];
    await organization(app, twin);
    await organization(app, twin);
    const fresh = lines(
      person('q0', { organizations: [bolt, `Cargo ${n}`] }),
      person('q1', { organizations: [`Cargo ${n}`, bolt.id] }),
      person('q2', { organizations: [twin] }),
    );
    const rejected = await load(fresh);
    expect([rejected.exitCode, rejected.err]).toEqual([
      1,
      expect.stringContaining('--create-organizations creates it'),
    ]);
    const made = await load(fresh, '--create-organizations', '--skip-invalid');
    expect(made.out).toMatch(/^Added 2 accounts, 4 memberships, 2 organizations .* 1 rejected\.\n$/);
    expect(made.err).toContain(`Line 3: Several organizations are called "${twin}"`);
    expect(await app.sql('SELECT id FROM organizations WHERE name = $1', [bolt.name])).toEqual([{ id: bolt.id }]);
  });

  it('names every error of a line, and stores nothing of its batch', async () => {
    const before = await app.sql('SELECT count(*) FROM audit_events');
    const bad = [
      lines(person('good')),
      '{ "name": \n',
      '[]\n\n',
      lines(
        { email: 'no', role_name: 'anonymous', nick: '\u001b[31mred' },
        person('hash', { hashed_password: 'md5:canary', enabled: 'yes', id: '7', organizations: [7] }),
        person('scope', { role_scope: { region: ['eu'] }, organizations: [`Nowhere ${n}`] }),
      ),
    ];
    const { exitCode, out, err } = await load(bad.join(''));
    expect([exitCode, out]).toEqual([1, expect.stringMatching(/^Added 0 accounts, .* 5 rejected\.\n$/)]);
    expect(err.split('\n')).toEqual([
      'Line 2: is not JSON',
      'Line 3: must be a JSON object',
      expect.stringMatching(
        /^Line 5: email must be valid, such as jane@example\.com; There is no attribute "nick" here; role_name must be one of user, org_owner, admin/,
      ),
      expect.stringMatching(
        /^Line 6: enabled must be true or false; hashed_password has no known format; known .* reset mail; id .*; organizations /,
      ),
      'Line 7: role_scope.region is not declared in the roles file',
      expect.stringMatching(/^Stopped: none of the lines 1 to 7 was stored\./),
      '',
    ]);
    expect(err).not.toMatch(/canary|\u001b/);
    expect([await names(), await app.sql('SELECT count(*) FROM audit_events')]).toEqual([[], before]);
    const skipped = await load(bad.join(''), '--skip-invalid');
    expect([skipped.exitCode, await names()]).toEqual([1, ['good']]);
    expect(skipped.err).toMatch(/\n5 lines were rejected\.\n$/);
  });

  it('rejects an e-mail that is taken, whatever its spelling, unless it is to be skipped', async () => {
    await account(app, { email: email('jane'), name: 'As she was' });
    const { id: taken } = await account(app);
    const input = lines(
      person('jane', { email: email('JANE') }),
      person('new'),
      person('again', { email: email('new') }),
      person('thief', { id: taken }),
    );
    const rejected = await load(input);
    expect(rejected.exitCode).toBe(1);
    expect(rejected.err).toMatch(
      /^Line 1: the e-mail is already taken\nLine 3: the e-mail is on line 2 too\nLine 4: another account has this id\nStopped/,
    );
    expect(await names()).toEqual(['As she was']);
    const passed = await load(input.split('\n').slice(0, 3).join('\n'), '--skip-existing');
    expect([passed.exitCode, passed.err]).toEqual([0, '']);
    expect(passed.out).toMatch(/^Added 1 account, .*; 2 there already, 0 rejected\.\n$/);
    expect(await names()).toEqual(['As she was', 'new']);
  });

  it('rejects an e-mail that another account gave up a few days ago, and can take back', async () => {
    const { id } = await account(app);
    await app.sql(
      `INSERT INTO one_time_tokens (id, hash, purpose, account_id, reserved_email_key, expires_at)
       VALUES (gen_random_uuid(), $2, 'email_revert', $1, $2, now() + interval '1 day')`,
      [id, email('former')],
    );
    const rejected = await load(lines(person('former'), person('new')), '--skip-existing');
    expect([rejected.exitCode, rejected.err]).toEqual([1, expect.stringMatching(/^Line 1: the e-mail was another/)]);
    expect(await names()).toEqual([]);
  });

  it('says what it would do, and does nothing of it', async () => {
    await account(app, { email: email('jane') });
    // More than one batch, so that what is seen has to be remembered.
    const many = Array.from({ length: 2_500 }, (_, place) => person(`p${place}`));
    const input = lines(...many, person('jane'), person('late', { email: email('p0'), organizations: [`New ${n}`] }));
    const { exitCode, out, err } = await load(input, '--dry-run', '--create-organizations');
    expect([exitCode, out]).toEqual([1, expect.stringMatching(/^Would add 2,500 accounts, .* 2 rejected\.\n$/)]);
    expect(err).toBe(
      'Line 2501: the e-mail is already taken\nLine 2502: the e-mail is already taken\n2 lines were rejected.\n',
    );
    expect(await stored()).toHaveLength(1);
    expect(await app.sql('SELECT id FROM organizations WHERE name = $1', [`New ${n}`])).toEqual([]);
  });

  it('reads a file, and leaves a line in the audit trail', async () => {
    const file = join(folder, `${n}.ndjson`);
    await writeFile(file, `\ufeff${lines(person('one')).trim()}\r\n\r\n${lines(person('two')).trim()}`);
    const { exitCode, err } = await command(['accounts', 'import', file], env);
    expect([exitCode, err, await names()]).toEqual([0, '', ['one', 'two']]);
    const [line] = await app.sql(`SELECT actor_id, details FROM audit_events
      WHERE action = 'iam:accounts.imported' ORDER BY id DESC LIMIT 1`);
    expect(line).toEqual({ actor_id: null, details: { accounts: 2, memberships: 0, by: 'operator' } });
    await writeFile(file, Buffer.from([0x7b, 0xff, 0x0a]));
    expect((await command(['accounts', 'import', file], env)).err).toMatch(/^Line 1: is not UTF-8\n/);
    const missing = await command(['accounts', 'import', join(folder, 'none')], env);
    expect([missing.exitCode, missing.err]).toEqual([1, expect.stringContaining('There is no file')]);
  });

  it('gives up on a line that is no line', async () => {
    const { exitCode, err } = await load('x'.repeat(1024 * 1024 + 1));
    expect([exitCode, err]).toEqual([1, 'Line 1 is longer than 1048576 bytes.\n']);
  });

  it.each([[[]], [['a', 'b']], [['-', '--force']]])(
    'does nothing when called with %j, and exits with 2',
    async (args) => {
      const { exitCode, err } = await command(['accounts', 'import', ...args], env, lines(person('one')));
      expect([exitCode, err]).toEqual([2, expect.stringContaining('accounts import --help')]);
      expect(await names()).toEqual([]);
    },
  );

  it('gives another installation the same accounts', async () => {
    const [from, to] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    try {
      const [source, target] = [from, to].map(({ url }) => ({ ...env, ...databaseEnvironment(url), BCRYPT_COST: '4' }));
      // So many organizations that some have the name of another.
      await command(['seed', '--accounts', '300', '--organizations', '150'], source);
      const write = ['accounts', 'export', '--with-password-hashes'];
      const { out: original } = await command(write, source);
      const { exitCode, out, err } = await command(
        ['accounts', 'import', '-', '--create-organizations'],
        target,
        original,
      );
      expect([exitCode, err]).toEqual([0, '']);
      expect(out).toMatch(/^Added 300 accounts, 3\d\d memberships, 1\d\d organizations/);
      expect((await command(write, target)).out).toBe(original);
    } finally {
      await Promise.all([from.drop(), to.drop()]);
    }
  });
});
