import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { send } from '../support/client.js';
import { databaseEnvironment } from '../support/database.js';
import { account, PASSWORD } from '../support/factories.js';
import { command } from './command-line.js';

const LIMITS = {
  THROTTLE_DISABLED: 'false',
  THROTTLE_PER_EMAIL_AND_ADDRESS: '2',
  THROTTLE_PER_EMAIL: '4',
  THROTTLE_PER_ADDRESS: '1000',
  TRUSTED_PROXIES: '127.0.0.1',
};
/** The longest that a running instance remembers a used up count, and some time for a busy machine, in ms. */
const SOON_MS = 5_000;

describe('unlock', () => {
  let app: TestApp;
  let other: TestApp;
  let env: Record<string, string>;

  beforeAll(async () => {
    app = await startApp({ env: LIMITS });
    other = await startApp({ env: LIMITS, beside: app });
    env = {
      ...databaseEnvironment(app.databaseUrl),
      DATA_DIR: app.config.dataDir,
      NODE_ENV: 'test',
      MIGRATE_ON_START: 'false',
    };
  });
  afterAll(async () => {
    await other.stop();
    await app.stop();
  });

  const login = async (at: TestApp, email: string, password: string, address: string) => {
    const headers = { 'x-forwarded-for': address };
    return (await send(at, 'POST', '/auth/login', { body: { email, password }, headers })).status;
  };
  /** The status of a sign-in with the right password, as soon as it is not that of too many attempts. */
  const signInSoon = async (at: TestApp, email: string, address: string): Promise<number> => {
    const end = Date.now() + SOON_MS;
    for (;;) {
      const status = await login(at, email, PASSWORD, address);
      if (status !== 429 || Date.now() > end) return status;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  const unlocked = () =>
    app.sql(
      "SELECT actor_id, target_type, target_id, details FROM audit_events WHERE action = 'iam:accounts.unlocked' ORDER BY id",
    );

  it('allows sign-ins again, from every address and on every running instance', async () => {
    const { email } = await account(app);
    const { email: stranger } = await account(app);
    const addresses = ['203.0.113.1', '203.0.113.2', '2001:db8::1'];
    for (const address of addresses) {
      for (const at of [app, other, app]) await login(at, email, 'Wrong-horse-9', address);
    }
    for (let i = 0; i < 6; i++) await login(app, stranger, 'Wrong-horse-9', '203.0.113.1');
    expect([
      await login(app, email, PASSWORD, '203.0.113.9'),
      await login(other, email, PASSWORD, '203.0.113.1'),
    ]).toEqual([429, 429]);
    const { exitCode, out, err } = await command(['unlock', email.toUpperCase()], env);
    expect([exitCode, out, err]).toEqual([0, 'The attempts were reset.\n', '']);
    expect(await signInSoon(app, email, '203.0.113.1')).toBe(200);
    expect(await signInSoon(other, email, '2001:db8::1')).toBe(200);
    // No other account was unlocked.
    expect(await login(app, stranger, PASSWORD, '203.0.113.1')).toBe(429);
  });

  it('leaves a line in the audit trail, with the account where there is one', async () => {
    const { email, id } = await account(app);
    const before = await unlocked();
    for (const attempted of [email, 'nobody.yet@example.com']) {
      await login(app, attempted, 'Wrong-horse-9', '203.0.113.20');
      expect((await command(['unlock', attempted], env)).exitCode).toBe(0);
    }
    expect((await unlocked()).slice(before.length)).toEqual([
      { actor_id: null, target_type: 'iam:accounts', target_id: id, details: { by: 'operator' } },
      { actor_id: null, target_type: null, target_id: null, details: { by: 'operator' } },
    ]);
  });

  it('says so where nothing was counted, and leaves no line', async () => {
    const before = await unlocked();
    const { exitCode, out } = await command(['unlock', 'nobody@example.com'], env);
    expect([exitCode, out]).toEqual([0, 'Nothing was counted for this e-mail.\n']);
    expect(await unlocked()).toEqual(before);
  });

  it.each([[[]], [['no']], [['a@example.com', 'b@example.com']]])('is called wrongly with %j', async (args) => {
    expect((await command(['unlock', ...args], env)).exitCode).toBe(2);
  });
});
