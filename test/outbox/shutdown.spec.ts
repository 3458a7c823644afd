import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { Client } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { loadConfig } from '../../src/config/load-config.js';
import { Transactions } from '../../src/json-api/sql/sql.js';
import { migrateOutbox } from '../../src/outbox/outbox.migrate.js';
import { OutboxWorker } from '../../src/outbox/outbox.worker.js';
import { PasswordChangedMailer } from '../../src/passwords/password-changed.mailer.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { SmtpSink } from '../support/smtp-sink.js';
import { startMailModule } from '../mail/mail-module.js';
import { eventually } from './outbox-fixture.js';

describe('A shutdown', () => {
  let database: TestDatabase;
  let client: Client;
  let sink: SmtpSink;
  let dataDir: string;
  let module: TestingModule;

  beforeEach(async () => {
    database = await createTestDatabase();
    await migrateOutbox(database.url);
    client = new Client({ connectionString: database.url });
    await client.connect();
    sink = await SmtpSink.start();
    dataDir = await mkdtemp(join(tmpdir(), 'iam-shutdown-'));
    const env = { NODE_ENV: 'test', DATABASE_URL: database.url, DATA_DIR: dataDir, MAIL_URL: sink.url };
    module = await startMailModule(loadConfig(env));
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await client.end();
    await sink.stop();
    await database.drop();
    await rm(dataDir, { recursive: true });
  });

  async function account(): Promise<string> {
    const id = uuidv7();
    await client.query(
      `INSERT INTO accounts (id, name, email, email_key, role_name) VALUES ($1, 'Jane', $2, $2, 'user')`,
      [id, 'jane@example.com'],
    );
    return id;
  }

  const queueMail = (accountId: string): Promise<void> =>
    module.get(Transactions).run((tx) => module.get(PasswordChangedMailer).queue(tx, accountId, new Date()));

  const isBlocked = async (): Promise<boolean> =>
    (await client.query(`SELECT FROM pg_locks WHERE NOT granted AND relation = 'accounts'::regclass`)).rows.length > 0;

  it('lets a job that was under way send its mail, and closes the connections to the relay after that', async () => {
    const errors = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const stopping = jest.spyOn(module.get(OutboxWorker), 'onModuleDestroy');
    const id = await account();
    await queueMail(id);
    await sink.waitFor(1);
    expect(sink.connections).toBe(1);

    // The next job has begun and not come to its mail yet when the shutdown begins.
    await client.query('BEGIN; LOCK TABLE accounts');
    await queueMail(id);
    await eventually(isBlocked);
    const closed = module.close();
    await eventually(() => stopping.mock.calls.length > 0);
    await client.query('COMMIT');
    await closed;

    expect(sink.mails.length).toBe(2);
    expect((await client.query('SELECT FROM graphile_worker.jobs')).rows).toHaveLength(0);
    expect(errors.mock.calls).toEqual([]);
    await eventually(() => sink.connections === 0);
  });
});
