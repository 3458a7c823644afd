import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { newToken } from '../../src/auth/tokens/secrets.js';
import { withLanguages } from '../../src/language/accept-language.js';
import { startMailApp, type MailApp } from './mail-app.js';
import { eventually } from '../outbox/outbox-fixture.js';

const DAY = 86_400_000;
const JOINED = { joined_at: new Date(Date.now() - 30 * DAY) };
const WAITING = 'SELECT FROM graphile_worker.jobs WHERE attempts > 0 OR run_at <= now()';
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:147.0) Gecko/20100101 Firefox/147.0';

let app: MailApp;

beforeAll(async () => {
  app = await startMailApp();
});
afterAll(() => app.close());
beforeEach(async () => {
  jest.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
  await app.clear();
});
afterEach(() => {
  jest.restoreAllMocks();
});

const idle = () => eventually(async () => (await app.query(WAITING)).length === 0);

describe('The reminder of an invitation', () => {
  async function invite(fields: Readonly<Record<string, unknown>> = {}) {
    const { token, hash } = newToken();
    const id = await app.invited(hash, fields);
    await app.transactions.run((tx) => app.invitations.queue(tx, id, token));
    await app.sink.waitFor(1);
    return { id, token };
  }

  /** Two days later. */
  const remind = () =>
    app.query(`UPDATE graphile_worker._private_jobs SET run_at = now() WHERE run_at > now() + interval '47 hours'`);

  it('comes two days after the invitation, with the same link', async () => {
    const { token } = await invite();
    await idle();
    expect(app.sink.mails).toHaveLength(1);
    await remind();
    const [first, second] = await app.sink.waitFor(2);
    expect(second?.parsed.subject).toBe('Your invitation to Acme ends soon');
    expect(second?.parsed.text).toContain(`https://app.example.com/join?token=${token}`);
    expect(second?.parsed.messageId).not.toBe(first?.parsed.messageId);
  });

  it.each([
    ['accepted', 'DELETE FROM one_time_tokens WHERE account_id = $1'],
    ['replaced', 'UPDATE one_time_tokens SET hash = md5(random()::text) WHERE account_id = $1'],
    ['outdated', `UPDATE one_time_tokens SET expires_at = now() - interval '1 second' WHERE account_id = $1`],
  ])('does not come when the invitation was %s', async (_, change) => {
    const { id } = await invite();
    await app.query(change, [id]);
    await remind();
    await idle();
    expect(app.sink.mails).toHaveLength(1);
  });

  it('comes once, for the newest invitation', async () => {
    const { id } = await invite();
    const { token, hash } = newToken();
    await app.transactions.run(async (tx) => {
      await tx.manager.query('UPDATE one_time_tokens SET hash = $1 WHERE account_id = $2', [hash, id]);
      await app.invitations.queue(tx, id, token);
    });
    await app.sink.waitFor(2);
    await remind();
    const mails = await app.sink.waitFor(3);
    await idle();
    expect(mails.map(({ parsed }) => parsed.subject?.slice(0, 15))).toEqual([
      'You are invited',
      'You are invited',
      'Your invitation',
    ]);
    expect(mails[2]?.parsed.text).toContain(token);
  });
});

describe('A role that was changed', () => {
  it('is mailed to the account', async () => {
    const id = await app.account(JOINED);
    await app.transactions.run((tx) => app.roleChanges.queue(tx, id, 'user', 'org_owner'));
    const [mail] = await app.sink.waitFor(1);
    expect(mail?.parsed.subject).toBe('Your role at Acme was changed');
    expect(mail?.parsed.text).toContain('Before: user\nNow: org_owner\n');
  });

  it.each([
    ['was only invited', {}, 'admin'],
    ['is disabled', { ...JOINED, enabled: false }, 'admin'],
    ['keeps the role', JOINED, 'user'],
  ])('is not mailed to an account that %s', async (_, fields, role) => {
    const id = await app.account(fields);
    await app.transactions.run((tx) => app.roleChanges.queue(tx, id, 'user', role));
    await idle();
    expect(app.sink.mails).toEqual([]);
  });
});

describe('A sign-in without a known device', () => {
  /** Starts a session behind the service's back and queues its notice. */
  async function signIn(accountId: string, userAgent: string | null, ip: string): Promise<void> {
    const sessionId = uuidv7();
    await app.transactions.run(async (tx) => {
      const isNewDevice = await app.sessions.isNewDevice(tx, accountId, { userAgent, ip });
      await tx.manager.query(
        `INSERT INTO account_sessions (id, account_id, nonce, user_agent, ip, refreshed_at, expires_at)
         VALUES ($1::uuid, $2, $1::text, $3, $4, now(), now() + interval '1 day')`,
        [sessionId, accountId, userAgent, ip],
      );
      if (isNewDevice) await app.newSignIns.queue(tx, { accountId, sessionId }, { userAgent, ip });
    });
  }

  it('is mailed with its time, device and address, and what to do', async () => {
    await signIn(await app.account(JOINED), FIREFOX, '192.0.2.7');
    const [mail] = await app.sink.waitFor(1);
    expect(mail?.parsed.subject).toBe('New sign-in to your Acme account');
    expect(mail?.parsed.text).toMatch(/Time: .* UTC\nDevice: Firefox, Windows\nAddress: 192\.0\.2\.7\n/);
    expect(mail?.parsed.text).toContain('https://app.example.com/forgot-password');
  });

  it('says nothing about a device that says nothing', async () => {
    await signIn(await app.account(JOINED), null, '192.0.2.7');
    const [mail] = await app.sink.waitFor(1);
    expect(mail?.parsed.text).toMatch(/Time: .* UTC\nAddress: 192\.0\.2\.7\n/);
    expect(mail?.parsed.html).not.toContain('Device');
  });

  it.each([
    ['192.0.2.7', '192.0.2.7', FIREFOX, FIREFOX, 1],
    ['2001:db8::1', '2001:db8::ffff:2', FIREFOX, FIREFOX, 1],
    ['192.0.2.7', '192.0.2.8', FIREFOX, FIREFOX, 2],
    ['192.0.2.7', '192.0.2.7', FIREFOX, 'curl/8.5.0', 2],
    ['192.0.2.7', '192.0.2.7', null, null, 1],
  ])(
    'from %s, then from %s, is mailed as often as it is new',
    async (first, second, firstAgent, secondAgent, mails) => {
      const id = await app.account(JOINED);
      await signIn(id, firstAgent, first);
      await signIn(id, secondAgent, second);
      await app.sink.waitFor(mails);
      await idle();
      expect(app.sink.mails).toHaveLength(mails);
    },
  );

  it('is not mailed to an account that has just joined', async () => {
    await signIn(await app.account({ joined_at: new Date() }), FIREFOX, '192.0.2.7');
    await idle();
    expect(app.sink.mails).toEqual([]);
  });
});

describe('A mail', () => {
  it('is written in the language of the request that queued it', async () => {
    const id = await app.account(JOINED);
    await withLanguages('fr, de-AT;q=0.9, en;q=0.8', () =>
      app.transactions.run((tx) => app.roleChanges.queue(tx, id, 'user', 'admin')),
    );
    const [mail] = await app.sink.waitFor(1);
    expect(mail?.parsed.subject).toBe('Ihre Rolle bei Acme wurde geändert');
  });
});

describe('Mails that the operator does not want', () => {
  it('are not queued', async () => {
    const quiet = await startMailApp({ INVITATION_REMINDER_MAIL: 'false' });
    try {
      const { token, hash } = newToken();
      const id = await quiet.invited(hash, JOINED);
      quiet.sink.rejectWith = 451;
      await quiet.transactions.run((tx) => quiet.invitations.queue(tx, id, token));
      await eventually(async () => {
        const jobs = await quiet.query<{ task: string }>('SELECT task_identifier AS task FROM graphile_worker.jobs');
        return jobs.every(({ task }) => task === 'mail.invitation');
      });
    } finally {
      await quiet.close();
    }
  });
});
