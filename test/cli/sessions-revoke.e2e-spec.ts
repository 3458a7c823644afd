import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../outbox/outbox-fixture.js';
import { startApp, type TestApp } from '../support/app.js';
import { send } from '../support/client.js';
import { databaseEnvironment } from '../support/database.js';
import { account, signedIn, signIn, type SignedIn } from '../support/factories.js';
import { command } from './command-line.js';

describe('sessions revoke', () => {
  let app: TestApp;
  let env: Record<string, string>;

  beforeAll(async () => {
    app = await startApp();
    env = { ...databaseEnvironment(app.databaseUrl), DATA_DIR: app.config.dataDir, NODE_ENV: 'test' };
  });
  afterAll(() => app.stop());

  const status = async (token: string) => (await send(app, 'GET', '/auth/me', { token })).status;
  const isOut = (token: string) => eventually(async () => (await status(token)) === 401);
  const refresh = async ({ refreshToken }: SignedIn) =>
    (await send(app, 'POST', '/auth/refresh', { body: { refresh_token: refreshToken } })).status;
  const trail = () =>
    app.sql(`SELECT actor_id, target_id, details FROM audit_events
      WHERE action = 'iam:account_sessions.revoked' ORDER BY id DESC LIMIT 1`);

  it.each(['--account', '--email'])(
    'ends those of one account, named with %s, on the instance that runs',
    async (how) => {
      const [jane, other] = [await signedIn(app), await signedIn(app)];
      const second = await signIn(app, jane.account);
      // Both are remembered now.
      expect([await status(jane.token), await status(other.token)]).toEqual([200, 200]);
      const name = how === '--account' ? jane.account.id : jane.account.email.toUpperCase();
      const { exitCode, out, err } = await command(['sessions', 'revoke', how, name], env);
      expect([exitCode, out, err]).toEqual([0, 'Ended 2 sessions.\n', '']);
      await isOut(jane.token);
      await isOut(second.token);
      expect([await refresh(jane), await status(other.token), await refresh(other)]).toEqual([401, 200, 200]);
      expect(await trail()).toEqual([{ actor_id: null, target_id: jane.account.id, details: { sessions: 2 } }]);
    },
  );

  it('ends those of all accounts', async () => {
    const people = [await signedIn(app), await signedIn(app), await signedIn(app)];
    const expired = await signedIn(app);
    await app.sql(`UPDATE account_sessions SET expires_at = now() - interval '1 s' WHERE account_id = $1`, [
      expired.account.id,
    ]);
    const [alive] = await app.sql<{ count: number }>(
      'SELECT count(*)::int AS count FROM account_sessions WHERE expires_at > now()',
    );
    const { exitCode, out } = await command(['sessions', 'revoke', '--all'], env);
    expect([exitCode, out]).toEqual([0, `Ended ${alive?.count} sessions.\n`]);
    for (const { token } of people) await isOut(token);
    expect(await app.sql('SELECT id FROM account_sessions')).toEqual([]);
    const [line] = await trail();
    expect(line).toMatchObject({ actor_id: null, target_id: null, details: { sessions: alive?.count } });
    expect((await command(['sessions', 'revoke', '--all'], env)).out).toBe('Ended 0 sessions.\n');
  });

  it('says that there is no such account', async () => {
    const { exitCode, err } = await command(['sessions', 'revoke', '--email', 'nobody@example.com'], env);
    expect([exitCode, err]).toEqual([1, 'There is no account nobody@example.com.\n']);
  });

  it.each([[[]], [['--all', '--email', 'a@example.com']], [['--account', 'jane']]])(
    'does nothing when called with %j, and exits with 2',
    async (args) => {
      const user = await signedIn(app, {});
      const { exitCode, err } = await command(['sessions', 'revoke', ...args], env);
      expect([exitCode, err]).toEqual([2, expect.stringContaining('sessions revoke --help')]);
      expect(await refresh(user)).toBe(200);
    },
  );

  it('says that there was no session', async () => {
    const { id } = await account(app);
    expect((await command(['sessions', 'revoke', '--account', id], env)).out).toBe('Ended 0 sessions.\n');
  });
});
