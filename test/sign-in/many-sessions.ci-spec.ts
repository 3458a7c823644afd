import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MAX_ENDED } from '../../src/account-sessions/session-ends.repository.js';
import { command } from '../cli/command-line.js';
import { startApp, type TestApp } from '../support/app.js';
import { document, send } from '../support/client.js';
import { databaseEnvironment } from '../support/database.js';
import { admin, PASSWORD, signedIn, signIn, type SignedIn } from '../support/factories.js';

const SESSIONS = 2 * MAX_ENDED + 1_000;

/** Who signs in from a script has as many sessions as it ran in 14 days. */
describe('Many sessions of one account', () => {
  let app: TestApp;
  let jane: SignedIn;

  beforeAll(async () => {
    app = await startApp();
    await app.sql(`
      CREATE TABLE deletions (rows int);
      CREATE FUNCTION note_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO deletions SELECT count(*) FROM gone; RETURN NULL; END $$;
      CREATE TRIGGER note_deletion AFTER DELETE ON account_sessions REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION note_deletion()`);
  });
  afterAll(() => app.stop());
  beforeEach(async () => {
    jane = await signedIn(app);
    await app.sql('TRUNCATE deletions');
    await app.sql(
      `INSERT INTO account_sessions (id, account_id, nonce, ip, refreshed_at, expires_at)
       SELECT gen_random_uuid(), $1, 'nonce', '127.0.0.1', now(), now() + interval '1 day' FROM generate_series(1, $2::int)`,
      [jane.account.id, SESSIONS],
    );
  });

  const sessions = async (): Promise<number> =>
    (await app.sql('SELECT id FROM account_sessions WHERE account_id = $1', [jane.account.id])).length;
  const isSignedIn = async (token: string): Promise<boolean> =>
    (await send(app, 'GET', '/auth/me', { token })).status === 200;
  const largestStatement = async (): Promise<number> =>
    (await app.sql<{ rows: number }>('SELECT max(rows)::int AS rows FROM deletions'))[0]?.rows ?? 0;

  const endings: Record<
    string,
    { readonly left: number; readonly answer: object; readonly end: () => Promise<unknown> }
  > = {
    'signing out everywhere': {
      left: 0,
      answer: { status: 204 },
      end: () => jane.post('/auth/logout', { everywhere: true }),
    },
    'changing the password': {
      left: 1,
      answer: { status: 204 },
      end: () =>
        jane.post('/account/passwords/change', { current_password: PASSWORD, new_password: 'Another-horse-9' }),
    },
    'disabling the account': {
      left: 0,
      answer: { status: 200 },
      end: async () =>
        (await admin(app)).patch(`/accounts/${jane.account.id}`, document('iam:accounts', { enabled: false })),
    },
    'deleting the account': {
      left: 0,
      answer: { status: 204 },
      end: async () => (await admin(app)).delete(`/accounts/${jane.account.id}`),
    },
    'revoking those of all accounts': {
      left: 0,
      answer: { exitCode: 0 },
      end: () =>
        command(['sessions', 'revoke', '--all'], {
          ...databaseEnvironment(app.databaseUrl),
          DATA_DIR: app.config.dataDir,
          NODE_ENV: 'test',
        }),
    },
  };

  it.each(Object.keys(endings))('end at once by %s, in statements of a bounded size', async (name) => {
    const ending = endings[name];
    if (!ending) throw new Error(`Nothing ends sessions by ${name}.`);
    const other = await signIn(app, jane.account);
    expect([await isSignedIn(jane.token), await isSignedIn(other.token)]).toEqual([true, true]);
    expect(await ending.end()).toMatchObject(ending.answer);
    expect(await sessions()).toBe(ending.left);
    expect(await largestStatement()).toBe(MAX_ENDED);
    if (name.startsWith('revoking')) return; // Another process: this one knows within a second.
    expect(await isSignedIn(other.token)).toBe(false);
  });
});
