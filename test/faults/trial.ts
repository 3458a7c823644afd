import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import type { Client } from 'pg';
import { withClient } from '../support/database.js';
import { Load, summary, type Outcome } from '../support/load.js';
import { adminToken } from './service.js';
import { Traffic } from './traffic.js';

/** `npm run test:long`. */
export const LONG = process.env['IAM_TEST_LONG'] !== undefined;
/** Requests in a second. */
const PER_SECOND = LONG ? 200 : 100;
/** How long what is broken stays so, in ms; longer than five seconds and a request gives up waiting for a connection. */
export const BROKEN_MS = LONG ? 12_000 : 500;
/** Everything has to be well again so long after the fault ended, in ms; in `npm test` other tests load the same cores. */
const RECOVERY_MS = LONG ? 2_000 : 5_000;
/** Maximum time of a response, in ms: waiting for a connection and then for a statement is bounded. */
const SLOWEST_MS = 15_000;
/** So many right answers in a row are a recovery. */
const ENOUGH = LONG ? 1_000 : 40;

export interface Fault {
  /** Breaks something, and resolves as soon as it is whole again. */
  readonly happen: () => Promise<void>;
  /** True where no request may fail. */
  readonly unnoticed?: true;
}

/** A running service, and clients that go on asking it for things while something happens to it. */
export class Trial {
  private sent = 0;

  private constructor(
    private readonly url: string,
    readonly traffic: Traffic,
    private readonly databaseUrl: () => string,
  ) {}

  /** @param databaseUrl leads to the database as it is now, around whatever is broken on the way */
  static async of(url: string, databaseUrl: () => string): Promise<Trial> {
    return new Trial(url, new Traffic(await adminToken(url)), databaseUrl);
  }

  /** Runs the work with a session that goes around whatever is broken on the way. */
  directly<Result>(work: (client: Client) => Promise<Result>): Promise<Result> {
    return withClient(this.databaseUrl(), work);
  }

  /**
   * Injects the fault and checks the outcome: each request was served or rejected with Retry-After, all are served soon
   * after the end, and what was acknowledged is stored, once.
   */
  async survive(name: string, fault: Fault): Promise<readonly Outcome[]> {
    const { outcomes, recoveredAfter, endedAt } = await this.suffer(fault);
    const { served, rejected, ...rest } = summary(outcomes);
    if (LONG) process.stdout.write(report(name, outcomes, recoveredAfter));
    expect(rest).toEqual({ lost: 0, wrong: 0, details: [] });
    expect(served).toBeGreaterThan(ENOUGH);
    if (fault.unnoticed) expect(rejected).toBe(0);
    const late = outcomes.filter(({ result, sentAt }) => result !== 'served' && sentAt > endedAt + RECOVERY_MS);
    expect([...new Set(late.map(({ detail }) => detail))]).toEqual([]);
    expect(recoveredAfter).toBeLessThan(RECOVERY_MS);
    expect(slowest(outcomes)).toBeLessThan(SLOWEST_MS);
    // A process that crashed would not come back, and takes the port along.
    expect((await fetch(`${this.url}/health/ready`)).status).toBe(200);
    expect(await this.directly((client) => this.traffic.unkept(client))).toEqual({ lost: [], doubled: [] });
    return outcomes;
  }

  /**
   * What happened to the traffic of a fault, and the time from its end to recovery, in ms: a request had been served,
   * and the last request that was not had been sent.
   */
  private async suffer({ happen }: Fault) {
    const load = Load.start(this.url, PER_SECOND, () => this.traffic.shot(this.sent++));
    try {
      while (load.outcomes.length < ENOUGH) await sleep(20);
      await happen();
      const endedAt = performance.now();
      const served = (): boolean =>
        load.outcomes.slice(-ENOUGH).every(({ result, sentAt }) => result === 'served' && sentAt > endedAt);
      while (!served() && performance.now() < endedAt + 3 * RECOVERY_MS) await sleep(20);
      const outcomes = await load.stop();
      const failed = outcomes.filter(({ result }) => result !== 'served').map(({ sentAt }) => sentAt - endedAt);
      const answered = outcomes.filter(({ result }) => result === 'served').map((outcome) => outcome.endedAt - endedAt);
      const firstServed = Math.min(...answered.filter((after) => after > 0));
      return { outcomes, endedAt, recoveredAfter: Math.max(firstServed, ...failed) };
    } finally {
      await load.stop();
    }
  }
}

/** How long the slowest response took, in ms. */
export const slowest = (outcomes: readonly Outcome[]): number =>
  Math.max(...outcomes.map(({ sentAt, endedAt }) => endedAt - sentAt));

/** The numbers of a long run, in a line. */
function report(name: string, outcomes: readonly Outcome[], recoveredAfter: number): string {
  const { served, rejected, lost, wrong } = summary(outcomes);
  return (
    `When ${name}: ${served} served, ${rejected} rejected, ${lost} lost, ${wrong} wrong; ` +
    `the slowest response took ${slowest(outcomes).toFixed(0)} ms, all was well ${recoveredAfter.toFixed(0)} ms after the end\n`
  );
}
