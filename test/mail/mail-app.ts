import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { emailKey } from '../../src/auth/email-key.js';
import { InvitationMailer } from '../../src/accounts/invitations/invitation.mailer.js';
import { RoleChangedMailer } from '../../src/accounts/role-changed.mailer.js';
import { SessionStore } from '../../src/auth/sessions/session.store.js';
import { loadConfig } from '../../src/config/load-config.js';
import { Transactions } from '../../src/json-api/sql/sql.js';
import { migrateOutbox } from '../../src/outbox/outbox.migrate.js';
import { PasswordChangedMailer } from '../../src/passwords/password-changed.mailer.js';
import { ResetMailer } from '../../src/passwords/reset.mailer.js';
import { NewSignInMailer } from '../../src/sign-in/new-sign-in.mailer.js';
import { createTestDatabase } from '../support/database.js';
import { storeToken } from '../support/factories.js';
import { SmtpSink } from '../support/smtp-sink.js';
import { startMailModule } from './mail-module.js';
import { eventually } from '../outbox/outbox-fixture.js';

/** Everything between a transaction and a relay: the real modules, a real database and a real SMTP server. */
export interface MailApp {
  readonly sink: SmtpSink;
  readonly transactions: Transactions;
  readonly invitations: InvitationMailer;
  readonly resets: ResetMailer;
  readonly passwordChanges: PasswordChangedMailer;
  readonly roleChanges: RoleChangedMailer;
  readonly newSignIns: NewSignInMailer;
  readonly sessions: SessionStore;
  /** Adds an account; the fields are columns. */
  account(fields?: Readonly<Record<string, unknown>>): Promise<string>;
  /** Adds an account that is invited with a token of this hash. */
  invited(hash: string, fields?: Readonly<Record<string, unknown>>): Promise<string>;
  query<Row>(text: string, values?: unknown[]): Promise<Row[]>;
  /** No accounts, no jobs, no mails, and a relay that takes mail. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** Starts it; `env` are environment variables on top of those of the tests. */
export async function startMailApp(env: Readonly<Record<string, string>> = {}): Promise<MailApp> {
  const database = await createTestDatabase();
  await migrateOutbox(database.url);
  const sink = await SmtpSink.start();
  const dataDir = await mkdtemp(join(tmpdir(), 'iam-mail-'));
  const config = loadConfig({
    NODE_ENV: 'test',
    DATABASE_URL: database.url,
    DATA_DIR: dataDir,
    MAIL_URL: sink.url,
    MAIL_FROM: 'Acme <no-reply@example.com>',
    APP_URL: 'https://app.example.com',
    ...env,
  });
  const module = await startMailModule(config);
  const dataSource = module.get(DataSource);
  const query = async <Row>(text: string, values: unknown[] = []): Promise<Row[]> => dataSource.query(text, values);
  const addAccount = async (fields: Readonly<Record<string, unknown>> = {}): Promise<string> => {
    const email = String(fields['email'] ?? 'jane@example.com');
    const row = { id: uuidv7(), name: 'Jane Doe', email, email_key: emailKey(email), role_name: 'user', ...fields };
    const names = Object.keys(row);
    const places = names.map((_, i) => `$${i + 1}`).join(', ');
    await query(`INSERT INTO accounts (${names.join(', ')}) VALUES (${places})`, Object.values(row));
    return row.id;
  };
  return {
    sink,
    transactions: module.get(Transactions),
    invitations: module.get(InvitationMailer),
    resets: module.get(ResetMailer),
    passwordChanges: module.get(PasswordChangedMailer),
    roleChanges: module.get(RoleChangedMailer),
    newSignIns: module.get(NewSignInMailer),
    sessions: module.get(SessionStore),
    query,
    account: addAccount,
    async invited(hash, fields) {
      const id = await addAccount(fields);
      await storeToken({ sql: query }, id, 'invitation', { hash, expiresAt: new Date(Date.now() + 3 * 86_400_000) });
      return id;
    },
    async clear() {
      await query('DELETE FROM accounts');
      await query('DELETE FROM graphile_worker._private_jobs WHERE locked_by IS NULL');
      await eventually(async () => (await query('SELECT FROM graphile_worker.jobs')).length === 0);
      sink.rejectWith = null;
      sink.mails.length = 0;
    },
    async close() {
      await module.close();
      await sink.stop();
      await database.drop();
      await rm(dataDir, { recursive: true });
    },
  };
}
