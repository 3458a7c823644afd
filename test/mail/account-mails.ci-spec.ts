import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { hashToken, newToken } from '../../src/auth/tokens/secrets.js';
import type { CaughtMail } from '../support/smtp-sink.js';
import { startMailApp, type MailApp } from './mail-app.js';
import { eventually } from '../outbox/outbox-fixture.js';

let app: MailApp;

beforeAll(async () => {
  app = await startMailApp();
});
afterAll(() => app.close());
beforeEach(async () => {
  for (const level of ['log', 'error', 'warn', 'debug'] as const) {
    jest.spyOn(Logger.prototype, level).mockImplementation(() => undefined);
  }
  await app.clear();
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** Jobs that were not queued for later, as reminders are. */
const WAITING = 'SELECT FROM graphile_worker.jobs WHERE attempts > 0 OR run_at <= now()';

/** Waits until the outbox has nothing left to do. */
const idle = () => eventually(async () => (await app.query(WAITING)).length === 0);

/** The token in the link of a mail. */
function tokenOf(mail: CaughtMail | undefined): string {
  return /\?token=([\w-]+)/.exec(mail?.parsed.text ?? '')?.[1] ?? '';
}

describe('An invitation', () => {
  /** An account with a fresh invitation, not mailed yet. */
  async function invited(fields: Readonly<Record<string, unknown>> = {}) {
    const { token, hash } = newToken();
    return { id: await app.invited(hash, fields), token };
  }

  const queue = (id: string, token: string) => app.transactions.run((tx) => app.invitations.queue(tx, id, token));

  it('brings its token to the address of the account', async () => {
    const { id, token } = await invited();
    await queue(id, token);
    const [mail] = await app.sink.waitFor(1);
    expect(mail?.recipients).toEqual(['jane@example.com']);
    expect(mail?.parsed.subject).toBe('You are invited to Acme');
    expect(mail?.parsed.text).toContain(`https://app.example.com/join?token=${token}`);
  });

  it('lies in the database without its token', async () => {
    app.sink.rejectWith = 451;
    const { id, token } = await invited();
    await queue(id, token);
    await eventually(async () => (await app.query('SELECT FROM graphile_worker.jobs WHERE last_error <> $1', ['']))[0]);
    const jobs = await app.query<{ job: string }>('SELECT j::text AS job FROM graphile_worker._private_jobs j');
    expect(jobs).toHaveLength(2);
    for (const { job } of jobs) {
      expect(job).toContain(id);
      expect(job).not.toContain(token);
    }
  });

  it.each([
    ['replaced', 'UPDATE one_time_tokens SET hash = md5(random()::text) WHERE account_id = $1'],
    ['spent', 'DELETE FROM one_time_tokens WHERE account_id = $1'],
    ['joined', 'UPDATE accounts SET joined_at = now() WHERE id = $1'],
    ['disabled', 'UPDATE accounts SET enabled = false WHERE id = $1'],
    ['expired', `UPDATE one_time_tokens SET expires_at = now() - interval '1 second' WHERE account_id = $1`],
    ['made for something else', `UPDATE one_time_tokens SET purpose = 'reset' WHERE account_id = $1`],
  ])('is dropped when it was %s before it was sent', async (_, change) => {
    const { id, token } = await invited();
    await app.transactions.run(async (tx) => {
      await app.invitations.queue(tx, id, token);
      await tx.manager.query(change, [id]);
    });
    await idle();
    expect(app.sink.mails).toEqual([]);
  });

  it('is dropped when its account is gone', async () => {
    const { id, token } = await invited();
    await app.transactions.run(async (tx) => {
      await app.invitations.queue(tx, id, token);
      await tx.manager.query('DELETE FROM accounts WHERE id = $1', [id]);
    });
    await idle();
    expect(app.sink.mails).toEqual([]);
  });

  it('that is sent again while it waits is one mail, with the newer token', async () => {
    const { id, token } = await invited();
    const newer = newToken();
    await app.transactions.run(async (tx) => {
      await app.invitations.queue(tx, id, token);
      await tx.manager.query('UPDATE one_time_tokens SET hash = $1 WHERE account_id = $2', [newer.hash, id]);
      await app.invitations.queue(tx, id, newer.token);
    });
    await idle();
    expect(app.sink.mails.map(tokenOf)).toEqual([newer.token]);
  });

  it('comes when the relay is back, as the same message', async () => {
    app.sink.rejectWith = 451;
    const { id, token } = await invited();
    await queue(id, token);
    await eventually(async () => (await app.query('SELECT FROM graphile_worker.jobs WHERE last_error <> $1', ['']))[0]);
    app.sink.rejectWith = null;
    expect((await app.sink.waitFor(1)).map(tokenOf)).toEqual([token]);
  });

  it('writes its token into no log', async () => {
    const { id, token } = await invited();
    app.sink.rejectWith = 550;
    await queue(id, token);
    await eventually(async () => (await app.query('SELECT FROM graphile_worker.jobs WHERE last_error <> $1', ['']))[0]);
    app.sink.rejectWith = null;
    await app.sink.waitFor(1);
    const levels = ['log', 'error', 'warn', 'debug'] as const;
    const lines = levels.flatMap((level) => jest.mocked(Logger.prototype[level]).mock.calls);
    expect(JSON.stringify(lines)).not.toContain(token);
  });
});

describe('A request to reset a password', () => {
  const queue = (email: string) => app.transactions.run((tx) => app.resets.queue(tx, email));

  const stored = (id: string) =>
    app.query<{ hash: string; minutes: number }>(
      `SELECT hash, extract(epoch FROM expires_at - now())::float / 60 AS minutes FROM one_time_tokens
       WHERE account_id = $1 AND purpose = 'reset' ORDER BY created_at`,
      [id],
    );
  const hashesOf = async (id: string) => (await stored(id)).map(({ hash }) => hash);

  it('brings a token that is good for an hour to the stored address', async () => {
    const id = await app.account({ email: 'Jane@Example.com' });
    await queue('ＪＡＮＥ@example.com ');
    const [mail] = await app.sink.waitFor(1);
    // Only the domain's case means nothing.
    expect(mail?.recipients).toEqual(['Jane@example.com']);
    expect(mail?.parsed.text).toContain('https://app.example.com/reset-password?token=');
    const [row] = await stored(id);
    expect(row?.hash).toBe(hashToken(tokenOf(mail)));
    expect(row?.minutes).toBeGreaterThan(59);
    expect(row?.minutes).toBeLessThanOrEqual(60);
  });

  it('for an unknown or disabled account sends no mail', async () => {
    const id = await app.account({ email: 'off@example.com', enabled: false });
    await queue('nobody@example.com');
    await queue('off@example.com');
    await queue('');
    await idle();
    expect(app.sink.mails).toEqual([]);
    expect(await stored(id)).toEqual([]);
  });

  it('reaches an account that has not joined', async () => {
    await app.invited(newToken().hash);
    await queue('jane@example.com');
    await app.sink.waitFor(1);
  });

  it('after a failed delivery brings one mail, whose token is the stored one', async () => {
    const id = await app.account();
    app.sink.rejectWith = 451;
    await queue('jane@example.com');
    await eventually(async () => (await app.query('SELECT FROM graphile_worker.jobs WHERE last_error <> $1', ['']))[0]);
    app.sink.rejectWith = null;
    const [mail] = await app.sink.waitFor(1);
    await idle();
    expect(app.sink.mails).toHaveLength(1);
    expect(await hashesOf(id)).toEqual([hashToken(tokenOf(mail))]);
  });

  it('lies in the database without its token', async () => {
    const id = await app.account();
    app.sink.rejectWith = 451;
    await queue('jane@example.com');
    await eventually(async () => (await app.query('SELECT FROM graphile_worker.jobs WHERE last_error <> $1', ['']))[0]);
    const [job] = await app.query<{ job: string }>('SELECT j::text AS job FROM graphile_worker._private_jobs j');
    app.sink.rejectWith = null;
    const [mail] = await app.sink.waitFor(1);
    expect(job?.job).not.toContain(tokenOf(mail));
    expect(job?.job).not.toContain('jane@example.com');
    expect(await hashesOf(id)).toHaveLength(1);
  });

  it.each([
    ['used', 'DELETE FROM one_time_tokens WHERE account_id = $1'],
    ['outdated', `UPDATE one_time_tokens SET expires_at = now() - interval '1 second' WHERE account_id = $1`],
    ['of a disabled account', 'UPDATE accounts SET enabled = false WHERE id = $1'],
  ])('brings no mail once its token is %s', async (_, change) => {
    const id = await app.account();
    app.sink.rejectWith = 451;
    await queue('jane@example.com');
    await eventually(async () => (await app.query('SELECT FROM graphile_worker.jobs WHERE last_error <> $1', ['']))[0]);
    await app.query(change, [id]);
    app.sink.rejectWith = null;
    await idle();
    expect(app.sink.mails).toEqual([]);
  });

  it('does not void what an earlier one brings, also when that was delayed', async () => {
    const id = await app.account();
    app.sink.rejectWith = 451;
    await queue('jane@example.com');
    await eventually(async () => (await app.query('SELECT FROM graphile_worker.jobs WHERE last_error <> $1', ['']))[0]);
    app.sink.rejectWith = null;
    await queue('JANE@example.com');
    await app.sink.waitFor(2);
    await idle();
    expect(app.sink.mails.map((mail) => hashToken(tokenOf(mail))).sort()).toEqual((await hashesOf(id)).sort());
  });

  it('that could not be delivered, however often, takes up one of the three tokens', async () => {
    const id = await app.account();
    app.sink.rejectWith = 451;
    await queue('jane@example.com');
    await eventually(async () => (await app.query('SELECT FROM graphile_worker.jobs WHERE attempts > 1'))[0]);
    expect(await hashesOf(id)).toHaveLength(1);
    app.sink.rejectWith = null;
    await app.sink.waitFor(1);
    await idle();
  });
});

describe('A changed password', () => {
  it('is mailed to its owner, with the time', async () => {
    const id = await app.account();
    const changedAt = new Date('2026-11-27T10:30:00.000Z');
    await app.transactions.run((tx) => app.passwordChanges.queue(tx, id, changedAt));
    const [mail] = await app.sink.waitFor(1);
    expect(mail?.parsed.subject).toBe('Your Acme password was changed');
    expect(mail?.parsed.text).toContain('Friday, November 27, 2026 at 10:30 UTC');
  });
});
