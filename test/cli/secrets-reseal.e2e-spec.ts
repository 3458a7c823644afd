import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SecretBox } from '../../src/auth/tokens/secrets.js';
import { startApp, type TestApp } from '../support/app.js';
import { databaseEnvironment } from '../support/database.js';
import { enrolled, mfaToken, secondStep } from '../second-factors/factors.js';
import { TEST_ENVIRONMENT } from '../support/environment.js';
import { account } from '../support/factories.js';
import { command } from './command-line.js';

const [OLD, NEW, GONE] = ['old-secret', 'new-secret', 'gone-secret'].map((name) => name.padEnd(40, '-'));
/** More than one batch. */
const JOBS = 1_200;

describe('secrets reseal', () => {
  let app: TestApp;
  let env: Record<string, string>;

  beforeEach(async () => {
    app = await startApp();
    env = {
      ...databaseEnvironment(app.databaseUrl),
      DATA_DIR: app.config.dataDir,
      NODE_ENV: 'test',
      APP_SECRET: `${NEW},${OLD}`,
    };
  });
  afterEach(() => app.stop());

  const seal = (secret: string | undefined, purpose: string, token: string) =>
    new SecretBox({ appSecrets: [String(secret)] }).seal(purpose, token);
  /** Queues mails that are not sent before tomorrow. */
  const queue = (task: string, tokens: readonly string[]) =>
    app.sql(
      `SELECT graphile_worker.add_job($1, json_build_object('sealedToken', sealed, 'more', 1), run_at => now() + interval '1 day')
      FROM unnest($2::text[]) sealed`,
      [task, tokens],
    );
  const sealed = async (task: string): Promise<string[]> => {
    const rows = await app.sql<{ sealed: string; more: string }>(
      `SELECT payload->>'sealedToken' AS sealed, payload->>'more' AS more FROM graphile_worker._private_jobs job
      JOIN graphile_worker._private_tasks task ON task.id = task_id WHERE identifier = $1 ORDER BY job.id`,
      [task],
    );
    expect(rows.every(({ more }) => more === '1')).toBe(true);
    return rows.map((row) => row.sealed);
  };

  it('seals anew what waits in the outbox, in batches, so that the old secret can go', async () => {
    const tokens = Array.from({ length: JOBS }, (_, place) => `token ${place}`);
    await queue(
      'mail.password_reset',
      tokens.map((token) => seal(OLD, 'outbox.password_reset', token)),
    );
    await queue('mail.invitation', [seal(OLD, 'outbox.invitation', 'a'), seal(NEW, 'outbox.invitation', 'b')]);
    const kept = (await sealed('mail.invitation'))[1];
    expect((await command(['doctor'], env)).out).toContain('1201 rows are encrypted with an older APP_SECRET.');
    expect(await command(['secrets', 'reseal'], env)).toEqual({ exitCode: 0, out: 'Re-encrypted 1,201.\n', err: '' });
    const newest = new SecretBox({ appSecrets: [String(NEW)] });
    const resets = await sealed('mail.password_reset');
    expect(resets.map((text) => newest.open('outbox.password_reset', text))).toEqual(tokens);
    const invitations = await sealed('mail.invitation');
    expect(invitations.map((text) => newest.open('outbox.invitation', text))).toEqual(['a', 'b']);
    expect(invitations[1]).toBe(kept);
    expect((await command(['doctor'], env)).out).not.toContain('older APP_SECRET');
    expect((await command(['secrets', 'reseal'], env)).out).toBe('Re-encrypted 0.\n');
  });

  it('seals the data of one-time tokens anew', async () => {
    const { id } = await account(app);
    const purpose = 'one_time_token.email_confirm';
    const old = seal(OLD, purpose, '{"email":"jane@example.com"}');
    await app.sql(
      `INSERT INTO one_time_tokens (id, hash, purpose, account_id, data, expires_at)
      VALUES (gen_random_uuid(), 'hash', 'email_confirm', $1, $2, now() + interval '1 day')`,
      [id, old],
    );
    expect((await command(['doctor'], env)).out).toContain('1 row is encrypted with an older APP_SECRET.');
    expect(await command(['secrets', 'reseal'], env)).toMatchObject({ exitCode: 0, out: 'Re-encrypted 1.\n' });
    const [row] = await app.sql<{ data: string }>('SELECT data FROM one_time_tokens WHERE account_id = $1', [id]);
    const newest = new SecretBox({ appSecrets: [String(NEW)] });
    expect(newest.open(purpose, row?.data ?? '')).toBe('{"email":"jane@example.com"}');
  });

  it('seals the keys of authenticator apps anew, whose codes sign in with the new secret alone', async () => {
    const person = await enrolled(app);
    const known = { ...env, APP_SECRET: `${NEW},${TEST_ENVIRONMENT.APP_SECRET}` };
    expect((await command(['secrets', 'reseal'], known)).exitCode).toBe(0);
    const renewed = await startApp({ beside: app, env: { APP_SECRET: String(NEW) } });
    try {
      const code = person.app.code();
      expect((await secondStep(renewed, await mfaToken(renewed, person.account), { code })).status).toBe(200);
    } finally {
      await renewed.stop();
    }
  });

  it('says what no secret opens, leaves it as it is, and ends with 1', async () => {
    const lost = seal(GONE, 'outbox.password_reset', 'lost');
    await queue('mail.password_reset', [lost, seal(OLD, 'outbox.password_reset', 'found')]);
    const { exitCode, out, err } = await command(['secrets', 'reseal'], env);
    expect([exitCode, out]).toEqual([1, 'Re-encrypted 1.\n']);
    expect(err).toBe(
      '1 row was encrypted with a secret that APP_SECRET does not list; add that one again after the others.\n',
    );
    expect((await sealed('mail.password_reset'))[0]).toBe(lost);
  });
});
