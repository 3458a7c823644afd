import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import type { ServiceProcess } from '../security/service-process.js';
import { Balancer } from '../support/balancer.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Load, summary, type Outcome } from '../support/load.js';
import { SmtpSink } from '../support/smtp-sink.js';
import { adminToken, Service } from './service.js';
import { Traffic } from './traffic.js';
import { LONG, slowest } from './trial.js';

/** In `npm test` others load the same cores, and a machine at its limit returns 503. */
const PER_SECOND = LONG ? 200 : 100;
/** How often all instances are replaced. */
const ROUNDS = LONG ? 3 : 1;
/** How long an old instance still serves, in s: long enough for a balancer to notice, also where others take the cores. */
const DRAIN_SECONDS = 4;

describe('A rolling restart', () => {
  let database: TestDatabase;
  let mails: SmtpSink;
  let service: Service;
  let balancer: Balancer;

  beforeAll(async () => {
    if (LONG) await promisify(execFile)('npm', ['run', '--silent', 'compile']);
    database = await createTestDatabase();
    mails = await SmtpSink.start();
    service = await Service.on(database.url, { MAIL_URL: mails.url, DRAIN_SECONDS: String(DRAIN_SECONDS) });
    balancer = await Balancer.start();
  });
  afterAll(async () => {
    await balancer.stop();
    await service.stop();
    await mails.stop();
    await database.drop();
  });

  type Instance = readonly [url: string, process: ServiceProcess];

  const started = async (): Promise<Instance> => {
    const instance = service.start({ built: LONG });
    return [await instance.url(), instance];
  };

  /** Takes instances in and out under load, each new one before the old one that it replaces. */
  const replaceAll = async (running: readonly Instance[], spare: Instance[]): Promise<Instance[]> => {
    const next: Instance[] = [];
    for (const [url, old] of running) {
      const instance = spare.shift() as Instance;
      await balancer.add(instance[0]);
      await old.stop();
      balancer.remove(url);
      next.push(instance);
    }
    return next;
  };

  const test = async (): Promise<void> => {
    let running: readonly Instance[] = await Promise.all([started(), started()]);
    for (const [url] of running) await balancer.add(url);
    const traffic = new Traffic(await adminToken(balancer.url));
    // Starting takes all there is of a small machine, and would be another machine's: no part of what is tried here.
    const spare: Instance[] = [];
    for (let n = 0; n < 2 * ROUNDS; n++) spare.push(await started());
    const load = Load.start(balancer.url, PER_SECOND, traffic.shot);
    try {
      for (let round = 0; round < ROUNDS; round++) running = await replaceAll(running, spare);
    } finally {
      await load.stop();
    }
    const { outcomes } = load;
    const { served, ...rest } = summary(outcomes);
    expect(rest).toEqual({ rejected: 0, lost: 0, wrong: 0, details: [] });
    expect(served).toBeGreaterThan(PER_SECOND);
    const rate = sentPerSecond(outcomes);
    if (LONG) {
      process.stdout.write(
        `${outcomes.length} requests at ${rate.toFixed(1)}/s, ${served} of them served; the slowest answer took ${slowest(outcomes).toFixed(0)} ms\n`,
      );
      expect(rate).toBeGreaterThan(0.98 * PER_SECOND);
    }
    const client = new Client({ connectionString: database.url });
    await client.connect();
    try {
      expect(await traffic.unkept(client)).toEqual({ lost: [], doubled: [] });
    } finally {
      await client.end();
    }
    expect(traffic.acknowledged.size).toBeGreaterThan(PER_SECOND / 10);
    await mails.waitFor(traffic.invited.length);
  };
  it('loses not one request, and answers none with an error of its own', test, 240_000);
});

/** The rate that was reached; the generator falls behind when too many requests wait for their answers. */
function sentPerSecond(outcomes: readonly Outcome[]): number {
  const sent = outcomes.map(({ sentAt }) => sentAt).sort((a, b) => a - b);
  return ((sent.length - 1) / ((sent.at(-1) ?? 0) - (sent[0] ?? 0))) * 1_000;
}
