import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { mailsTo } from '../accounts/mails.js';
import { eventually } from '../outbox/outbox-fixture.js';
import { startApp } from '../support/app.js';
import { send } from '../support/client.js';
import { createTestDatabase, databaseEnvironment, type TestDatabase } from '../support/database.js';
import { account } from '../support/factories.js';
import { command } from './command-line.js';

describe('Dead letters', () => {
  let database: TestDatabase;
  let client: Client;
  let env: Record<string, string>;

  beforeEach(async () => {
    database = await createTestDatabase();
    client = new Client({ connectionString: database.url });
    await client.connect();
    const DATA_DIR = await mkdtemp(join(tmpdir(), 'iam-dead-'));
    env = { ...databaseEnvironment(database.url), DATA_DIR, NODE_ENV: 'test' };
  });
  afterEach(async () => {
    await client.end();
    await database.drop();
    await rm(env['DATA_DIR'] ?? '', { recursive: true, force: true });
  });

  /** A job of the outbox that was tried so often, and gives its id. */
  async function job(task: string, attempts: number, error: string | null = null): Promise<string> {
    const added = await client.query(
      `SELECT id FROM graphile_worker.add_job($1, payload => '{"sealedToken":"canary"}'::json, max_attempts => 14)`,
      [task],
    );
    const { id } = added.rows[0];
    await client.query('UPDATE graphile_worker._private_jobs SET attempts = $2, last_error = $3 WHERE id = $1', [
      id,
      attempts,
      error,
    ]);
    return id;
  }

  const attempts = async (): Promise<Record<string, number>> =>
    Object.fromEntries(
      (await client.query('SELECT id, attempts FROM graphile_worker.jobs')).rows.map((row) => [row.id, row.attempts]),
    );

  it('are listed with their last errors, and without what they carry', async () => {
    const rejected = await job(
      'mail.invitation',
      14,
      '554 \u001b[31mno\r\nspam https://x/join?token=s3-cr_et see above',
    );
    await job('mail.invitation', 13, 'again later');
    await job('mail.invitation', 0);
    const silent = await job('password.request_reset', 14);
    const running = await job('mail.invitation', 14, 'the try before');
    await client.query(
      `UPDATE graphile_worker._private_jobs SET locked_at = now(), locked_by = 'worker' WHERE id = $1`,
      [running],
    );
    const { exitCode, out, err } = await command(['mail', 'dead'], env);
    expect([exitCode, err]).toEqual([0, '']);
    const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;
    expect(out.split('\n')).toEqual([
      expect.stringMatching(/^ID +TASK +ATTEMPTS +SINCE +LAST ERROR$/),
      expect.stringMatching(
        new RegExp(
          String.raw`^${rejected} +mail\.invitation +14 +${time} +554 \[31mno spam https://x/join\?token=… see above$`,
        ),
      ),
      expect.stringMatching(new RegExp(String.raw`^${silent} +password\.request_reset +14 +${time} +$`)),
      '',
    ]);
    expect(out).not.toContain('canary');
  });

  it('are none as long as nothing failed for good', async () => {
    await job('mail.invitation', 13, 'again later');
    expect(await command(['mail', 'dead'], env)).toEqual({ exitCode: 0, out: 'There are no dead letters.\n', err: '' });
    const all = await command(['mail', 'retry', '--all'], env);
    expect(all).toEqual({ exitCode: 0, out: '0 to be sent again.\n', err: '' });
  });

  it('are sent again by id, or all of them', async () => {
    const [first, second, third] = [await job('a', 14), await job('b', 14), await job('c', 14)];
    const waiting = await job('d', 3);
    const some = await command(['mail', 'retry', first, third], env);
    expect(some).toEqual({ exitCode: 0, out: '2 to be sent again.\n', err: '' });
    expect(await attempts()).toEqual({ [first]: 0, [second]: 14, [third]: 0, [waiting]: 3 });
    const all = await command(['mail', 'retry', '--all'], env);
    expect(all).toEqual({ exitCode: 0, out: '1 to be sent again.\n', err: '' });
    expect(await attempts()).toEqual({ [first]: 0, [second]: 0, [third]: 0, [waiting]: 3 });
  });

  it('are all left alone when one of the ids is not theirs', async () => {
    const dead = await job('a', 14);
    const waiting = await job('b', 3);
    const { exitCode, out, err } = await command(['mail', 'retry', dead, waiting], env);
    expect([exitCode, out]).toEqual([1, '']);
    expect(err).toBe(`No dead letter has the id ${waiting}; nothing was sent again.\n`);
    expect(await attempts()).toEqual({ [dead]: 14, [waiting]: 3 });
  });

  it.each([
    [['mail', 'retry'], /Give either the ids of dead letters or --all\..*mail retry --help/s],
    [['mail', 'retry', '1', '--all'], /Give either/],
    [['mail', 'retry', '1', 'x'], /ID must be a whole number.*"x"/],
    [['mail', 'dead', '1'], /mail dead --help/],
    [['mail'], /mail dead .*mail retry /s],
  ])('are not touched by %j, which exits with 2', async (args, message) => {
    const dead = await job('a', 14);
    const { exitCode, out, err } = await command(args, env);
    expect(exitCode).toBe(2);
    expect(out + err).toMatch(message);
    expect(await attempts()).toEqual({ [dead]: 14 });
  });

  it('have commands that explain themselves', async () => {
    const [group, dead, retry] = [
      await command(['mail', '--help']),
      await command(['mail', 'dead', '--help']),
      await command(['mail', 'retry', '--help']),
    ];
    expect([group.exitCode, dead.exitCode, retry.exitCode]).toEqual([0, 0, 0]);
    expect(group.out).toMatch(/mail dead .*mail retry /s);
    expect(dead.out).toContain('Usage: npx iam mail dead [options]');
    expect(retry.out).toContain('Usage: npx iam mail retry [options] [ID...]');
  });
});

describe('A mail that a relay rejected for good', () => {
  it('arrives after `mail retry`, while the service runs', async () => {
    const app = await startApp();
    try {
      const { email } = await account(app);
      app.mails.rejectWith = 550;
      await send(app, 'POST', '/account/passwords/request_reset', { body: { email } });
      // Its tries take 28 hours, so all but the first are skipped.
      await eventually(async () => {
        const failed = 'last_error IS NOT NULL AND locked_at IS NULL';
        return (
          await app.sql(`UPDATE graphile_worker._private_jobs SET attempts = max_attempts WHERE ${failed} RETURNING id`)
        )[0];
      });
      const env = { ...databaseEnvironment(app.databaseUrl), DATA_DIR: app.config.dataDir, NODE_ENV: 'test' };
      expect((await command(['mail', 'dead'], env)).out).toMatch(/mail\.password_reset +14 .* 550 /);
      app.mails.rejectWith = null;
      const retried = await command(['mail', 'retry', '--all'], env);
      expect(retried).toEqual({ exitCode: 0, out: '1 to be sent again.\n', err: '' });
      await mailsTo(app, email);
      await eventually(async () => (await app.sql('SELECT FROM graphile_worker.jobs')).length === 0);
      expect((await command(['mail', 'dead'], env)).out).toBe('There are no dead letters.\n');
    } finally {
      await app.stop();
    }
  });
});
