import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { PasswordPolicy } from '../../src/passwords/policy/password.policy.js';
import { PasswordsModule } from '../../src/passwords/passwords.module.js';
import { runCli } from '../../src/cli/run.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf, send } from '../support/client.js';
import { databaseEnvironment } from '../support/database.js';
import { signIn } from '../support/factories.js';
import { command, startCommand } from './command-line.js';

const PASSWORD = 'Wooden-spoon-4';

describe('create-admin', () => {
  let app: TestApp;
  let env: Record<string, string>;

  beforeAll(async () => {
    app = await startApp();
    const { config, databaseUrl } = app;
    env = { ...databaseEnvironment(databaseUrl), DATA_DIR: config.dataDir, BCRYPT_COST: '4', NODE_ENV: 'test' };
  });
  afterAll(() => app.stop());

  const accounts = async (email: string) => app.sql('SELECT * FROM accounts WHERE email = $1', [email]);

  it('makes an admin with the piped password, although every other admin is locked out', async () => {
    await app.sql('UPDATE accounts SET enabled = false');
    const made = await command(['create-admin', '--email', 'new-admin@example.com', '--name', 'Ada'], env, PASSWORD);
    const [row] = await accounts('new-admin@example.com');
    expect(made).toEqual({ exitCode: 0, out: `Made the admin new-admin@example.com, ${row?.['id']}.\n`, err: '' });
    expect(row).toMatchObject({ name: 'Ada', role_name: 'admin', enabled: true });
    const { token } = await signIn(app, { email: 'new-admin@example.com', password: PASSWORD });
    const [locked] = (await send(app, 'GET', '/accounts?filter[enabled]=false', { token })).body.data;
    const body = { data: { type: 'iam:accounts', id: locked.id, attributes: { enabled: true } } };
    expect((await send(app, 'PATCH', `/accounts/${locked.id}`, { token, body })).status).toBe(200);
  });

  it('signs in with its password where an identity provider is enforced for its domain, with --break-glass only', async () => {
    const domain = 'glass.example.com';
    const [spare, plain] = [`spare@${domain}`, `plain@${domain}`];
    expect((await command(['create-admin', '--email', spare, '--break-glass'], env, PASSWORD)).exitCode).toBe(0);
    await command(['create-admin', '--email', plain], env, PASSWORD);
    const { token } = await signIn(app, { email: spare, password: PASSWORD });
    const attributes = { slug: 'glass', name: 'Glass', kind: 'google', client_id: 'iam', client_secret: 'x' };
    const made = await as(app, token).post(
      '/identity_providers?confirm=true',
      document('iam:identity_providers', { ...attributes, domains: [domain], enforced: true }),
    );
    expect([made.status, made.body.data?.attributes.enforced]).toEqual([200, true]);
    const login = (email: string) => as(app).post('/auth/login', { email, password: PASSWORD });
    expect((await login(spare)).status).toBe(200);
    expect(errorsOf(await login(plain))).toEqual(['401 sso_required']);
  });

  it('is recorded in the audit trail, by an unnamed operator', async () => {
    await command(['create-admin', '--email', 'audited@example.com'], env, `${PASSWORD}\n`);
    const [made] = await accounts('audited@example.com');
    const lines = await app.sql('SELECT action, actor_id, details FROM audit_events WHERE target_id = $1', [
      made?.['id'],
    ]);
    const details = { attributes: ['name', 'email', 'role_name'], by: 'operator' };
    expect(lines).toEqual([{ action: 'iam:accounts.created', actor_id: null, details }]);
  });

  it('prints a random password, once, and nothing else that could be used', async () => {
    const { out, err } = await command(['create-admin', '--email', 'random@example.com', '--generate'], env);
    const [, password = ''] = /^Password: (\S{26,})$/m.exec(out) ?? [];
    expect(err).toBe('');
    await expect(signIn(app, { email: 'random@example.com', password })).resolves.toBeDefined();
  });

  it('asks twice on a terminal, and shows nothing of it', async () => {
    const typed = (...lines: string[]) => {
      const stdin = Object.assign(new PassThrough(), { isTTY: true });
      const stderr = new PassThrough();
      // Types only once it is asked, as people do.
      const prompts: string[] = [];
      stderr.on('data', (text: Buffer) => {
        prompts.push(String(text));
        if (text.includes(': ')) stdin.write(lines.shift());
      });
      const stdout = new PassThrough();
      const args = ['create-admin', '--email', 'typed@example.com'];
      const exitCode = runCli(args, {}, { env: { ...env }, stdin, stdout, stderr });
      return { exitCode, stdout, stderr: prompts };
    };
    const slip = typed(`${PASSWORD}\r`, 'Wooden-spoon-5\r');
    expect(await slip.exitCode).toBe(1);
    // Ctrl-D.
    const nothing = typed('\u0004');
    expect([await nothing.exitCode, nothing.stderr.join('')]).toEqual([1, 'Password: \nNo password was typed.\n']);
    expect(await accounts('typed@example.com')).toEqual([]);
    const right = typed(`${PASSWORD}\r`, `${PASSWORD}\r`);
    expect(await right.exitCode).toBe(0);
    expect(String(right.stdout.read())).not.toContain(PASSWORD);
    await expect(signIn(app, { email: 'typed@example.com', password: PASSWORD })).resolves.toBeDefined();
  });

  it.each([
    ['an e-mail that is taken', ['--email', 'ROOT@example.com'], PASSWORD, /email is already taken/],
    ['a weak password', ['--email', 'weak@example.com'], 'password', /upper-case letter\n.*digit\n.*special/],
    ['a name that is the password', ['--email', 'n@example.com', '--name', 'Wooden Spoon'], PASSWORD, /name/],
    ['an empty name', ['--email', 'n@example.com', '--name', ' '], PASSWORD, /name must not be empty/],
    ['an e-mail that mail cannot be sent to', ['--email', 'a@b'], PASSWORD, /email must be valid/],
    ['no password at all', ['--email', 'none@example.com'], '', /no password.*--generate/],
  ])('rejects %s', async (_what, args, input, reason) => {
    const before = await app.sql('SELECT count(*) FROM accounts');
    const { exitCode, out, err } = await command(['create-admin', ...args], env, input);
    expect([exitCode, out]).toEqual([1, '']);
    expect(err).toMatch(new RegExp(reason.source, 's'));
    expect(await app.sql('SELECT count(*) FROM accounts')).toEqual(before);
  });

  it.each([[[]], [['--email', 'nobody']], [['--email', 'a@example.com', '--password', PASSWORD]]])(
    'is not understood with %j, and takes no password as an argument',
    async (args) => {
      const { exitCode, err } = await command(['create-admin', ...args], env, PASSWORD);
      expect([exitCode, err]).toEqual([2, expect.stringContaining('create-admin --help')]);
    },
  );

  it('obeys the password policy of a team', async () => {
    class Stricter extends PasswordPolicy {
      override errors() {
        return [{ code: 'validation_failed' as const, detail: 'Not on a Wednesday' }];
      }
    }
    const replacements = [{ in: PasswordsModule, providers: [{ provide: PasswordPolicy, useClass: Stricter }] }];
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    stdin.end(PASSWORD);
    const line = { env: { ...env }, stdin, stdout, stderr };
    expect(await runCli(['create-admin', '--email', 'team@example.com'], { replacements }, line)).toBe(1);
    expect(String(stderr.read())).toBe('Not on a Wednesday\n');
  });

  it('ends by itself, as a program that is called', async () => {
    const { exitCode, out } = await startCommand(['create-admin', '--email', 'own@example.com', '--generate'], env)
      .result;
    expect([exitCode, out]).toEqual([0, expect.stringMatching(/^Made the admin own@example.com/)]);
  });
});
