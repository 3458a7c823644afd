import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp, type TestApp } from '../support/app.js';
import { databaseEnvironment } from '../support/database.js';
import { organization, signIn } from '../support/factories.js';
import { command } from './command-line.js';

const DJANGO = 'pbkdf2_sha1$10000$wz5B6WkasRoF$atJmJ1o+XfJxKq1+Nu1f1i57Z5I=';
const FIREBASE = {
  password: 'user1password',
  hash: 'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==',
  salt: '42xEC+ixf3L2lw==',
  config: `hash_config {
    base64_signer_key: jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==,
    base64_salt_separator: Bw==, rounds: 8, mem_cost: 14 }`,
};

describe('accounts import of CSV', () => {
  let app: TestApp;
  let env: Record<string, string>;
  let folder: string;
  let n = 0;

  beforeAll(async () => {
    app = await startApp({ env: { HASH_MAX_COST: '13' } });
    folder = await mkdtemp(join(tmpdir(), 'iam-csv-'));
    env = { ...databaseEnvironment(app.databaseUrl), DATA_DIR: app.config.dataDir, NODE_ENV: 'test' };
  });
  beforeEach(() => void n++);
  afterAll(async () => {
    await app.stop();
    await rm(folder, { recursive: true });
  });

  const email = (who: string) => `${who}@csv${n}.example.com`;
  const load = (input: string, ...options: string[]) => command(['accounts', 'import', '-', ...options], env, input);
  const file = async (name: string, content: string | Buffer) => {
    const path = join(folder, `${n}-${name}`);
    await writeFile(path, content);
    return path;
  };
  const stored = () => app.sql(`SELECT * FROM accounts WHERE email LIKE $1 ORDER BY email`, [`%@csv${n}.example.com`]);

  it('reads the named columns, and users sign in with the hashes of another system', async () => {
    const acme = await organization(app, `Acme ${n}`);
    const rows = [
      '\ufeff"E-mail","Full name, as shown",Ignored,Active,Groups,Hash,Since',
      `${email('ann')},"Ann ""A."" O'Hara, Dr.",x,TRUE,Acme ${n}; ${acme},${DJANGO},2020-01-02T03:04:05Z`,
      '',
      `${email('bob')},"Bob\nB.",y,0,,,`,
    ].join('\r\n');
    const columns =
      'email=E-mail,name=Full name, as shown,enabled=Active,organizations=Groups,hashed_password=Hash,created_at=Since';
    // A line break within a name is rejected by the rules of the API, on the row that it begins on.
    const rejected = await load(rows, '--columns', columns);
    expect([rejected.exitCode, rejected.err]).toEqual([1, expect.stringMatching(/^Line 4: name must not contain/)]);
    const { exitCode, out, err } = await load(rows.replace('Bob\nB.', 'Bob'), '--columns', columns);
    expect([exitCode, err, out]).toEqual([
      0,
      '',
      expect.stringMatching(/^Added 2 accounts, 1 membership in .*0 rejected/),
    ]);
    expect(await stored()).toMatchObject([
      { name: `Ann "A." O'Hara, Dr.`, enabled: true, created_at: new Date('2020-01-02T03:04:05Z') },
      { name: 'Bob', enabled: false, joined_at: null, role_name: 'user' },
    ]);
    await expect(signIn(app, { email: email('ann'), password: 'not a password' })).resolves.toBeDefined();
  });

  it('takes a header that names members as it is, from a file that is called .csv', async () => {
    const path = await file('users.csv', `name;email;role_scope\nCid;${email('cid')};"{""region"":[""eu""]}"\n`);
    const { exitCode, err } = await command(['accounts', 'import', path, '--delimiter', ';', '--skip-invalid'], env);
    // The rules are those of the other form.
    expect([exitCode, err]).toEqual([
      1,
      'Line 2: role_scope.region is not declared in the roles file\n1 line was rejected.\n',
    ]);
    const plain = await file('plain.CSV', `name,email\nCid,${email('cid')}`);
    expect((await command(['accounts', 'import', plain], env)).exitCode).toBe(0);
    expect(await stored()).toMatchObject([{ name: 'Cid' }]);
  });

  it("joins hash and salt that stand in two columns, and lets people in with Firebase's", async () => {
    const config = await file('hash-config.txt', FIREBASE.config);
    const rows = `mail,who,hash,salt\n${email('dee')},Dee,${FIREBASE.hash},${FIREBASE.salt}\n`;
    const columns = ['--columns', 'email=mail,name=who,hashed_password.passwordHash=hash,hashed_password.salt=salt'];
    const without = await load(rows, ...columns);
    expect(without.err).toMatch(
      /^Line 2: hashed_password is Firebase's scrypt, which needs --firebase-hash-config FILE\n/,
    );
    const { exitCode, err } = await load(rows, ...columns, '--firebase-hash-config', config);
    expect([exitCode, err]).toEqual([0, '']);
    await expect(signIn(app, { email: email('dee'), password: FIREBASE.password })).resolves.toBeDefined();
  });

  it('names the rows that have errors, by the line that each begins on', async () => {
    const rows = `name,email\n"A\nB",no\nEve,${email('eve')},more\nXi,\nEve,${email('eve')}\n`;
    const { exitCode, out, err } = await load(rows, '--columns', 'name=name,email=email', '--skip-invalid');
    expect([exitCode, out]).toEqual([1, expect.stringMatching(/^Added 1 account, .* 3 rejected\.\n$/)]);
    expect(err.split('\n')).toEqual([
      expect.stringMatching(/^Line 2: name must not contain .*email must be valid/),
      'Line 4: has 3 cells, where the header has 2',
      'Line 5: email is required',
      '3 lines were rejected.',
      '',
    ]);
  });

  it.each([
    ['', 'The file is empty; its first line must name the columns.'],
    ['Name,Mail\n', 'The header has no column "name"; its columns are "Name", "Mail".'],
    ['name,email,email\n', 'The header has several columns "email"; its columns are "name", "email", "email".'],
    ['name,email\n"a,b\n', 'Line 2 has a quote that is never closed.'],
    ['name,email\n"a"canary,b\n', 'Line 2 has text behind a closing quote.'],
    ['name,email\ncanary"x,b\n', 'Line 2 has a quote within a cell that does not begin with one.'],
    [`name,email\n"${'x'.repeat(1024 * 1024 + 1)}`, 'Line 2 is longer than 1048576 bytes.'],
    [`name,email\n${','.repeat(1024 * 1024 + 1)}`, 'Line 2 is longer than 1048576 bytes.'],
    [
      `name,email\n"${'x\n'.repeat(600_000)}`,
      'Line 524290 begins or ends a row of more than 1048576 characters, as where a quote is never closed.',
    ],
  ])('stops at what is no CSV with that header: %#', async (rows, message) => {
    const { exitCode, err } = await load(rows, '--columns', 'name=name,email=email');
    expect([exitCode, err]).toEqual([1, `${message}\n`]);
  });

  it('asks for UTF-8 in place of what spreadsheets write by themselves, and for columns that it knows', async () => {
    const latin = await file('latin.csv', Buffer.from(`name,email\nZo\u00eb,${email('zoe')}\n`, 'latin1'));
    const { err } = await command(['accounts', 'import', latin], env);
    expect(err).toBe('The file is not UTF-8; save it as "CSV UTF-8".\n');
    const strange = await file('strange.csv', 'name,Mail address\n');
    expect((await command(['accounts', 'import', strange], env)).err).toBe(
      'The header does not name members of an account; map them with --columns: its columns are "name", "Mail address".\n',
    );
    expect(await stored()).toEqual([]);
  });

  it.each(['nick=Nick', 'email', 'email=a,email=b', 'email='])(
    'is called wrongly with --columns %s',
    async (columns) => {
      const { exitCode, err } = await load('a,b\n', '--columns', columns);
      expect([exitCode, err]).toEqual([2, expect.stringMatching(/^error: --columns must /)]);
    },
  );
});
