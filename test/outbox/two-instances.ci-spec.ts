import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { Outbox } from '../../src/outbox/outbox.js';
import { OutboxSettings } from '../../src/outbox/outbox.handlers.js';
import { SmtpSink } from '../support/smtp-sink.js';
import { MailInstance } from '../mail/mail-instance.js';
import { eventually, OutboxFixture } from './outbox-fixture.js';

const MAILS = process.env['IAM_TEST_LONG'] ? 5_000 : 500;
const CRASHES = 2;

/** Two processes work on one queue; now and then one of them is killed, and another takes its place. */
it(`Two instances send ${MAILS} mails, each arrives, and ${CRASHES} crashes repeat no more than what was under way`, async () => {
  const fixture = await OutboxFixture.create();
  const sink = await SmtpSink.start();
  const dataDir = await mkdtemp(join(tmpdir(), 'iam-two-'));
  const start = (): MailInstance =>
    MailInstance.start({
      DATABASE_URL: fixture.url,
      DATA_DIR: dataDir,
      MAIL_URL: sink.url,
      APP_SECRET: 'a secret of the two instances that is long enough',
    });
  const instances = [start(), start()];
  try {
    await fixture.dataSource.query(
      `INSERT INTO accounts (id, name, email, email_key, role_name, joined_at)
         SELECT gen_random_uuid(), 'Jane ' || n, n || '@example.com', n || '@example.com', 'user', now()
         FROM generate_series(1, $1) n`,
      [MAILS],
    );
    await Promise.all(instances.map((instance) => instance.ready()));
    await fixture.transactions.run(async (tx) => {
      const accounts: { id: string }[] = await tx.manager.query('SELECT id FROM accounts');
      for (const { id: accountId } of accounts) {
        const changedAt = new Date().toISOString();
        await new Outbox().enqueue(tx, 'mail.password_changed', { accountId, changedAt });
      }
    });
    for (let crash = 1; crash <= CRASHES; crash++) {
      await eventually(() => sink.mails.length >= (crash * MAILS) / (CRASHES + 1), 120_000);
      await instances.shift()?.kill();
      instances.push(start());
    }
    await eventually(async () => (await fixture.jobs()).length === 0, 240_000);
    const recipients = sink.mails.flatMap((mail) => mail.recipients);
    expect(new Set(recipients).size).toBe(MAILS);
    expect(recipients.length - MAILS).toBeLessThanOrEqual(CRASHES * new OutboxSettings().concurrency);
    // A relay that knows Message-IDs drops the repeats.
    expect(new Set(sink.mails.map(({ parsed }) => parsed.messageId)).size).toBe(MAILS);
  } finally {
    for (const instance of instances) await instance.kill();
    await fixture.close();
    await sink.stop();
    await rm(dataDir, { recursive: true });
  }
}, 400_000);
