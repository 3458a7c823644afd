import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { PinoLogger } from 'nestjs-pino';
import { Pool, type QueryResultRow } from 'pg';
import type { Config } from '../../src/config/config.js';
import { createApp } from '../../src/app.setup.js';
import { loadConfig } from '../../src/config/load-config.js';
import type { Extension } from '../../src/app.extension.js';
import { MailModule } from '../../src/mail/mail.module.js';
import { OutboxSettings } from '../../src/outbox/outbox.handlers.js';
import { listen } from '../../src/transport/listen.js';
import type { Timeouts } from '../../src/transport/connections.js';
import { createTestDatabase, databaseEnvironment, type TestDatabase } from './database.js';
import { TEST_ENVIRONMENT } from './environment.js';
import { SmtpSink } from './smtp-sink.js';

/** The service as users meet it: on a port, with a database, an SMTP server and a first admin of its own. */
export interface TestApp {
  readonly nest: NestFastifyApplication;
  readonly config: Config;
  /** Where it answers, such as `http://127.0.0.1:41234`. */
  readonly url: string;
  readonly databaseUrl: string;
  readonly mails: SmtpSink;
  /** Runs a statement behind the service's back. */
  sql<Row extends QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Ends the service; with a database and mails of its own, those too. */
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Environment variables on top of those of the tests. */
  readonly env?: Record<string, string>;
  /** What a team adds to the service. */
  readonly extension?: Extension;
  /** Times that a client may take, in place of the contract's. */
  readonly timeouts?: Timeouts;
  /** Another instance on the database of this one. */
  readonly beside?: TestApp;
}

/** Two jobs at a time: each further worker takes a connection at the start, which is 50 ms of CPU of the server's. */
class FewWorkers extends OutboxSettings {
  override readonly concurrency = 2;
}

/** The extension with settings of the outbox for tests, unless it brings its own. */
function withFewWorkers(extension: Extension): Extension {
  const replacements = extension.replacements ?? [];
  const tokens = replacements.flatMap(({ providers }) => providers).map((given) => 'provide' in given && given.provide);
  if (tokens.includes(OutboxSettings)) return extension;
  const providers = [{ provide: OutboxSettings, useClass: FewWorkers }];
  return { ...extension, replacements: [...replacements, { in: MailModule, providers }] };
}

/** Starts the service with throttling off and cheap hashes; `env` turns on what a test is about. */
export async function startApp({ env = {}, extension = {}, timeouts, beside }: StartOptions = {}): Promise<TestApp> {
  const database: TestDatabase | null = beside ? null : await createTestDatabase();
  const databaseUrl = beside?.databaseUrl ?? database?.url ?? '';
  const mails = beside?.mails ?? (await SmtpSink.start());
  const dataDir = await mkdtemp(join(tmpdir(), 'iam-app-'));
  const environment = {
    ...TEST_ENVIRONMENT,
    // A test that leads the service elsewhere says all of the way there.
    ...(env['DATABASE_URL'] === undefined && databaseEnvironment(databaseUrl)),
    // The template has the tables of the service alone.
    ...(extension.migrations && { MIGRATE_ON_START: 'true' }),
    DATA_DIR: dataDir,
    MAIL_URL: mails.url,
    LOG_LEVEL: 'silent',
    ...env,
  };
  const config = loadConfig(environment, extension.variables);
  const nest = await createApp(config, withFewWorkers(extension), timeouts);
  // nestjs-pino has one logger for a process, made for the first application in it.
  PinoLogger.root.level = config.logLevel;
  await listen(nest, config.host, 0);
  // What a test sets up may be more than a request does within the limits of its role.
  const pool = new Pool({ connectionString: databaseUrl, max: 4, options: '-c statement_timeout=0' });
  // Its end does not wait for the server's end of a connection, which may meet the removal of the database.
  pool.on('error', () => undefined);
  return {
    nest,
    config,
    url: (await nest.getUrl()).replace('[::1]', '127.0.0.1'),
    databaseUrl,
    mails,
    sql: async (text, values) => (await pool.query(text, values)).rows,
    stop: async () => {
      await pool.end();
      await nest.close();
      await rm(dataDir, { recursive: true, force: true });
      if (beside) return;
      await mails.stop();
      await database?.drop();
    },
  };
}
