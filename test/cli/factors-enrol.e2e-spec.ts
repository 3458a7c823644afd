import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encode } from 'uqr';
import { runCli } from '../../src/cli/run.js';
import { serviceAccount } from '../api-keys/keys.js';
import { eventually } from '../outbox/outbox-fixture.js';
import { Authenticator, enrolled, firstStep, mailTo, mfaToken, secondStep } from '../second-factors/factors.js';
import { sessionIds } from '../sign-in/sessions.js';
import { startApp, type TestApp } from '../support/app.js';
import { errorsOf } from '../support/client.js';
import { databaseEnvironment } from '../support/database.js';
import { TEST_ENVIRONMENT } from '../support/environment.js';
import { account, admin, signedIn } from '../support/factories.js';
import { command, type CommandResult } from './command-line.js';

/** A person at a terminal: reads what is printed, and types lines. */
interface Terminal {
  readonly printed: () => string;
  readonly asked: () => number;
  readonly type: (line: string) => void;
  readonly close: () => void;
  readonly result: Promise<CommandResult>;
}

const QUESTION = 'Code that the app shows: ';

describe('factors enrol', () => {
  let app: TestApp;
  let env: Record<string, string>;

  beforeAll(async () => {
    app = await startApp();
    env = {
      ...databaseEnvironment(app.databaseUrl),
      DATA_DIR: app.config.dataDir,
      NODE_ENV: 'test',
      // Of the service that runs: keys are sealed with it.
      APP_SECRET: TEST_ENVIRONMENT.APP_SECRET,
    };
  });
  afterAll(() => app.stop());

  function enrol(args: readonly string[], { isTTY = false } = {}): Terminal {
    const stdin = new PassThrough();
    const [stdout, stderr] = [Object.assign(new PassThrough(), { isTTY }), new PassThrough()];
    const texts = { out: '', err: '' };
    stdout.on('data', (chunk) => void (texts.out += chunk));
    stderr.on('data', (chunk) => void (texts.err += chunk));
    const run = runCli(['factors', 'enrol', ...args], {}, { env: { ...env }, stdin, stdout, stderr });
    return {
      printed: () => texts.out,
      asked: () => texts.err.split(QUESTION).length - 1,
      type: (line) => void stdin.write(`${line}\n`),
      close: () => void stdin.end(),
      result: run.then((exitCode) => ({ exitCode, ...texts })),
    };
  }

  /** The authenticator app of someone who types in the key, once the command asks for a code. */
  async function appOf(terminal: Terminal): Promise<Authenticator> {
    await eventually(() => Promise.resolve(terminal.asked() === 1));
    const [, key = ''] = /^Key: ([A-Z2-7 ]+)$/m.exec(terminal.printed()) ?? [];
    return new Authenticator(key.replaceAll(' ', ''));
  }

  const factorsOf = (id: string) => app.sql('SELECT name FROM account_factors WHERE account_id = $1', [id]);

  it('adds the first app of an admin, whose next sign-in needs a code of it', async () => {
    const { account: boss, get } = await signedIn(app, { role: 'admin' });
    const terminal = enrol([boss.email.toUpperCase(), '--name', 'Safe in Berlin']);
    const phone = await appOf(terminal);
    expect(await factorsOf(boss.id)).toEqual([]);
    terminal.type(phone.code().replace(/(?=...$)/, ' '));
    const { exitCode, out } = await terminal.result;
    expect([exitCode, out.trim().split('\n').at(-1)]).toEqual([0, 'The app was added.']);
    expect(await factorsOf(boss.id)).toEqual([{ name: 'Safe in Berlin' }]);
    await eventually(async () => (await get('/auth/me')).status === 401);
    expect(await sessionIds(app, boss.id)).toEqual([]);
    expect(errorsOf(await firstStep(app, boss))).toEqual(['401 mfa_required']);
    const signedInAgain = await secondStep(app, await mfaToken(app, boss), { code: phone.code() });
    expect(signedInAgain.status).toBe(200);
  });

  it('prints a QR code of the address that apps take, with the key in it', async () => {
    const { email } = await account(app);
    const terminal = enrol([email]);
    const phone = await appOf(terminal);
    const printed = terminal.printed();
    const [uri = ''] = /^otpauth:.*$/m.exec(printed) ?? [];
    const address = new URL(uri);
    expect(address.searchParams.get('secret')).toBe(phone.secret);
    expect(decodeURIComponent(address.pathname)).toContain(email);
    // Each character is two modules, one above the other, light where it is drawn.
    const light: Readonly<Record<string, readonly boolean[]>> = {
      '█': [true, true],
      '▀': [true, false],
      '▄': [false, true],
      ' ': [false, false],
    };
    const lines = printed.slice(0, printed.indexOf('\n\n')).split('\n');
    const rows = lines.flatMap((line) => [0, 1].map((half) => [...line].map((char) => !light[char]?.[half])));
    const { data, size } = encode(uri, { border: 4 });
    expect(rows.slice(0, size)).toEqual(data);
    expect(size).toBeLessThan(80);
    terminal.close();
    expect((await terminal.result).exitCode).toBe(1);
  });

  it('draws it in black and white on a terminal, whatever its colors', async () => {
    const { email } = await account(app);
    const terminal = enrol([email], { isTTY: true });
    await appOf(terminal);
    terminal.close();
    const { out } = await terminal.result;
    expect(out.split('\n')[0]).toMatch(/^\u001B\[97;40m█+\u001B\[0m$/);
  });

  it('mails the owner and leaves two lines in the audit trail, none of which contains the key', async () => {
    const user = await account(app);
    const terminal = enrol([user.email]);
    const phone = await appOf(terminal);
    terminal.type(phone.code());
    expect((await terminal.result).exitCode).toBe(0);
    expect(await mailTo(app, user.email, /second factor/)).toContain('Authenticator app');
    const trail = await app.sql<{ action: string }>(
      `SELECT action, actor_id, details FROM audit_events WHERE details->>'account_id' = $1 ORDER BY id`,
      [user.id],
    );
    const details = { account_id: user.id, by: 'operator' };
    expect(trail).toEqual(
      ['created', 'confirmed'].map((done) => ({ action: `iam:account_factors.${done}`, actor_id: null, details })),
    );
    const [row] = await app.sql<{ secret: string }>('SELECT secret FROM account_factors WHERE account_id = $1', [
      user.id,
    ]);
    expect(row?.secret).not.toContain(phone.secret);
  });

  it('asks three times, and adds nothing without a right code', async () => {
    const user = await account(app);
    const terminal = enrol([user.email]);
    const phone = await appOf(terminal);
    terminal.type(phone.wrong());
    terminal.type('');
    terminal.type('abc');
    terminal.type(phone.code());
    const { exitCode, err } = await terminal.result;
    expect([exitCode, terminal.asked()]).toEqual([1, 3]);
    expect(err).toContain('No right code was entered, so nothing was added.');
    expect(await factorsOf(user.id)).toEqual([]);
  });

  it('takes a code after a wrong one, and none that was used', async () => {
    const user = await account(app);
    const terminal = enrol([user.email]);
    const phone = await appOf(terminal);
    terminal.type(phone.wrong());
    await eventually(() => Promise.resolve(terminal.asked() === 2));
    const code = phone.code();
    terminal.type(code);
    expect((await terminal.result).exitCode).toBe(0);
    expect((await secondStep(app, await mfaToken(app, user), { code })).status).toBe(401);
  });

  it('leaves accounts alone that have a second factor, or get one meanwhile', async () => {
    const person = await enrolled(app);
    const { exitCode, out, err } = await command(['factors', 'enrol', person.account.email], env);
    expect([exitCode, out]).toEqual([1, '']);
    expect(err).toMatch(/^The account has a second factor: .* If it is lost: npx iam factors reset\n$/);
    const user = await account(app);
    const [first, second] = [enrol([user.email]), enrol([user.email])];
    const phones = [await appOf(first), await appOf(second)];
    first.type(phones[0]?.code() ?? '');
    expect((await first.result).exitCode).toBe(0);
    second.type(phones[1]?.code() ?? '');
    expect((await second.result).err).toContain('The account has a second factor');
    expect(await factorsOf(user.id)).toHaveLength(1);
  });

  it('says that there is no such person', async () => {
    const root = await admin(app);
    const service = await serviceAccount(root, { email: 'robot@example.com' });
    for (const email of ['nobody@example.com', 'robot@example.com']) {
      const { exitCode, out, err } = await command(['factors', 'enrol', email], env);
      expect([exitCode, out, err]).toEqual([1, '', `There is no person with the e-mail ${email}.\n`]);
    }
    expect(await factorsOf(service)).toEqual([]);
  });

  it.each([[[]], [['jane']], [['a@example.com', '--name', ' ']], [['a@example.com', '--name', 'x'.repeat(101)]]])(
    'does nothing when called with %j, and exits with 2',
    async (args) => {
      const { exitCode, out, err } = await command(['factors', 'enrol', ...args], env);
      expect([exitCode, out]).toEqual([2, '']);
      expect(err).toContain('factors enrol --help');
    },
  );
});
