import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { newToken, SecretBox } from '../../src/auth/tokens/secrets.js';
import { Outbox } from '../../src/outbox/outbox.js';
import { OutboxSettings } from '../../src/outbox/outbox.handlers.js';
import { SmtpSink } from '../support/smtp-sink.js';
import { MailInstance } from '../mail/mail-instance.js';
import { OutboxFixture } from './outbox-fixture.js';

/** The long run takes some 20 minutes on two cores; IAM_TEST_CRASHES makes it shorter. */
const CRASHES = Number(process.env['IAM_TEST_CRASHES'] ?? (process.env['IAM_TEST_LONG'] ? 1_000 : 10));
const MAILS_PER_CRASH = 25;
const APP_SECRET = 'a secret of the crash test that is long enough';

/** So long nothing may come while something is queued, in ms. */
const STANDSTILL_MS = 60_000;

/** Waits until nothing is queued, however long that takes. @throws Error when nothing comes any more */
async function drained(fixture: OutboxFixture, sink: SmtpSink): Promise<void> {
  let [mails, since] = [sink.mails.length, Date.now()];
  while ((await fixture.waiting()) > 0) {
    if (sink.mails.length > mails) [mails, since] = [sink.mails.length, Date.now()];
    if (Date.now() - since > STANDSTILL_MS) throw new Error(`${await fixture.waiting()} mails are stuck in the queue`);
    await sleep(100);
  }
}

/**
 * The promise of the outbox, kept against SIGKILL at random moments: every committed mail arrives, none of a
 * rolled-back transaction does, and a crash repeats at most the mails that were under way.
 */
it(
  `delivers every committed mail and no other, over ${CRASHES} crashes`,
  async () => {
    const fixture = await OutboxFixture.create();
    const sink = await SmtpSink.start();
    sink.delayMs = 5;
    const dataDir = await mkdtemp(join(tmpdir(), 'iam-crash-'));
    const secrets = new SecretBox({ appSecrets: [APP_SECRET] });
    const committed = new Map<string, string>();

    /** What creating an account does: the row, and the mail of its token, in one transaction. */
    async function invite(commit: boolean): Promise<void> {
      const [id, { token, hash }] = [uuidv7(), newToken()];
      await fixture.transactions
        .run(async (tx) => {
          await tx.manager.query(
            `INSERT INTO accounts (id, name, email, email_key, role_name) VALUES ($1, 'Jane', $2, $2, 'user')`,
            [id, `${id}@example.com`],
          );
          await tx.manager.query(
            `INSERT INTO one_time_tokens (id, hash, account_id, purpose, expires_at)
             VALUES (gen_random_uuid(), $2, $1, 'invitation', now() + interval '3 days')`,
            [id, hash],
          );
          const payload = { accountId: id, sealedToken: secrets.seal('outbox.invitation', token) };
          await new Outbox().enqueue(tx, 'mail.invitation', payload, { key: id });
          if (!commit) throw new Error('rolled back');
          committed.set(`${id}@example.com`, token);
        })
        .catch((error: Error) => expect(error.message).toBe('rolled back'));
    }

    const start = (): MailInstance =>
      MailInstance.start({ DATABASE_URL: fixture.url, DATA_DIR: dataDir, MAIL_URL: sink.url, APP_SECRET });

    // The next ones start while one works: a start takes most of the time.
    const starting = [start(), start()];
    try {
      for (let crash = 0; crash < CRASHES; crash++) {
        const instance = starting.shift() ?? start();
        for (let i = 0; i < MAILS_PER_CRASH; i++) await invite(i % 5 !== 0);
        await instance.ready();
        await sleep(Math.random() * 200);
        await instance.kill();
        starting.push(start());
      }
      const last = start();
      try {
        await drained(fixture, sink);
        const arrived = new Set(sink.mails.flatMap((mail) => mail.recipients));
        expect(arrived).toEqual(new Set(committed.keys()));
        for (const { parsed, recipients } of sink.mails) {
          expect(parsed.text).toContain(`token=${committed.get(recipients[0] ?? '')}`);
        }
        const repeats = sink.mails.length - committed.size;
        expect(repeats).toBeLessThanOrEqual(CRASHES * new OutboxSettings().concurrency);
        expect(new Set(sink.mails.map((mail) => mail.parsed.messageId)).size).toBe(committed.size);
      } finally {
        await last.kill();
      }
    } finally {
      for (const instance of starting) await instance.kill();
      await fixture.close();
      await sink.stop();
      await rm(dataDir, { recursive: true });
    }
  },
  STANDSTILL_MS + CRASHES * 10_000,
);
