import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { Client } from 'pg';
import { EmbeddedServer } from '../../src/embedded-postgres/embedded-server.js';
import { makeFolder, pidOf, query, removeFolder } from '../embedded-postgres/embedded-support.js';
import { SmtpSink } from '../support/smtp-sink.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { Service } from './service.js';
import { BROKEN_MS, Trial, type Fault } from './trial.js';

let folder: string;
let server: EmbeddedServer;
let proxy: TcpProxy;
let mails: SmtpSink;
let service: Service;
let trial: Trial;

beforeAll(async () => {
  Logger.overrideLogger(false);
  folder = await makeFolder();
  server = await EmbeddedServer.start(folder);
  proxy = await TcpProxy.open(server.url);
  mails = await SmtpSink.start();
  service = await Service.on(proxy.url, { MAIL_URL: mails.url });
  trial = await Trial.of(await service.start().url(), () => server.url);
});
afterAll(async () => {
  await service.stop();
  await proxy.close();
  await mails.stop();
  await removeFolder(folder);
});

/** Ends PostgreSQL with this signal, and waits until it is back; the embedded server sees to that. */
async function signal(name: NodeJS.Signals): Promise<void> {
  const pid = (await pidOf(folder)) ?? 0;
  process.kill(pid, name);
  for (;;) {
    const back = await query(server.url, 'SELECT 1').catch(() => []);
    if (back.length > 0 && (await pidOf(folder)) !== pid) return;
    await sleep(20);
  }
}

/** Ends the sessions of the service. */
async function endSessions(client: Client): Promise<void> {
  await client.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = 'iam' AND usename = current_user AND pid <> pg_backend_pid()`,
  );
}

const FAULTS: Readonly<Record<string, Fault>> = {
  'the database is restarted': { happen: () => signal('SIGINT') },
  'the database is killed': { happen: () => signal('SIGKILL') },
  'the database is slow': {
    unnoticed: true,
    happen: async () => {
      proxy.delayMs = 20;
      await sleep(BROKEN_MS);
      proxy.delayMs = 0;
    },
  },
  'connections are cut, once': {
    happen: async () => {
      proxy.cut();
      proxy.mend();
    },
  },
  'the database cannot be reached': {
    happen: async () => {
      proxy.cut();
      await sleep(BROKEN_MS);
      proxy.mend();
    },
  },
  'the network swallows every packet': {
    happen: async () => {
      proxy.swallow();
      // What was on the way when it began is given up after six seconds; only then are there new connections.
      await sleep(Math.max(BROKEN_MS, 5_000));
      proxy.mend();
    },
  },
  'the database has no connections left': {
    happen: () =>
      trial.directly(async (client) => {
        await client.query('ALTER DATABASE iam CONNECTION LIMIT 0');
        await endSessions(client);
        await sleep(BROKEN_MS);
        await client.query('ALTER DATABASE iam CONNECTION LIMIT -1');
      }),
  },
  'every connection of the pool waits for a lock': {
    happen: () =>
      trial.directly(async (client) => {
        await client.query('BEGIN; LOCK TABLE organizations, accounts');
        await sleep(BROKEN_MS);
        await client.query('COMMIT');
      }),
  },
  'the database is read-only': {
    happen: () =>
      trial.directly(async (client) => {
        await client.query('ALTER DATABASE iam SET default_transaction_read_only = on');
        await endSessions(client);
        await sleep(BROKEN_MS);
        // Sessions that were opened meanwhile stay read-only: requests on them would be rejected for ever.
        await client.query('ALTER DATABASE iam RESET default_transaction_read_only');
      }),
  },
  'the relay is gone': {
    unnoticed: true,
    happen: async () => {
      const { port, mails: caught } = mails;
      await mails.stop();
      await sleep(BROKEN_MS);
      mails = await SmtpSink.start(port);
      mails.mails.push(...caught);
    },
  },
};

describe('Under load, when', () => {
  it.each(Object.entries(FAULTS))('%s: requests are served or 503, and soon served again', async (name, fault) => {
    await trial.survive(name, fault);
  });

  it('mails of all invitations made meanwhile arrive', async () => {
    const { traffic } = trial;
    expect(traffic.invited.length).toBeGreaterThan(10);
    const missing = (): string[] => {
      const delivered = new Set(mails.mails.flatMap(({ recipients }) => recipients));
      return traffic.invited.filter((email) => !delivered.has(email));
    };
    const began = performance.now();
    while (missing().length > 0 && performance.now() < began + 30_000) {
      // What failed more than once waits for a minute and longer; the test does not wait for that.
      await trial.directly((client) =>
        client.query('UPDATE graphile_worker._private_jobs SET run_at = now() WHERE run_at > now()'),
      );
      await sleep(200);
    }
    expect(missing()).toEqual([]);
  });
});
