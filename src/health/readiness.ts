import { Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { DataSource } from 'typeorm';
import { ping } from '../database/checks/server-facts.js';
import { PendingMigrations } from '../database/pending-migrations.js';
import { findMissingPrivileges, privilegeErrors } from '../database/checks/privileges.js';
import { OutboxBacklog } from '../outbox/outbox.backlog.js';
import { EventLoop } from './event-loop.js';
import { Shutdown } from './shutdown.js';

/** What does not answer within this time counts as away, in ms. */
const TIMEOUT_MS = 2_000;
/** Mails are counted anew after this time, in ms: anybody may look at readiness, as often as they like. */
const MAIL_MS = 5_000;
/** What the role may do is asked anew after this time, in ms. */
const PRIVILEGES_MS = 10_000;
/** The oldest mail may wait so long, in s: five tries at a relay that refuses. */
const MAIL_SECONDS = 300;
/** An event loop that is so late every hundredth time is worth a look, in ms. */
const LATE_MS = 250;
/** An event loop that is so late half of the time serves nobody, in ms. */
const STALLED_MS = 1_000;

/** One thing that readiness looks at. */
export interface Check {
  /** What a failure means for the instance. */
  readonly failing: 'unready' | 'degraded';
  /** Throws when the check fails; the message is for the log. */
  readonly look: () => Promise<void>;
  /** For so long a result counts, in ms. */
  readonly keptMs?: number;
}

/** The outcome: names of checks, which anybody may see, and why they failed, for the log alone. */
export interface Verdict {
  readonly unready: readonly string[];
  readonly degraded: readonly string[];
  readonly cause: string;
}

/**
 * Whether requests should be sent here. A check makes an instance unready where the requests do better elsewhere, or
 * every answer would be an error anyway. What is the same for all instances and leaves the answers right only warns:
 * it would take all of them out at once, for something that none of them can mend.
 *
 * Terminus runs the checks; what they amount to is judged here, because its own verdict is an answer of another format
 * that shows messages of the database to strangers, and learns of a shutdown after the outbox has been stopped.
 */
@Injectable()
export class Readiness {
  private readonly checks: Record<string, Check> = {
    // The network of this instance alone may have failed, and without a database every answer is 503.
    database: { failing: 'unready', look: () => this.assertReachable() },
    // Its statements name columns that are not there yet; the release before goes on serving.
    migrations: { failing: 'unready', look: () => this.assertMigrated() },
    // Requests that write would fail, while the release before may still have all that it needs.
    privileges: { failing: 'unready', look: () => this.assertPrivileged(), keptMs: PRIVILEGES_MS },
    // Serves nobody, as long as it lasts.
    event_loop: { failing: 'unready', look: async () => this.assertLag('median', STALLED_MS) },
    // Only late: that is load, and an instance that is taken out hands its load to the others, who are next.
    load: { failing: 'degraded', look: async () => this.assertLag('p99', LATE_MS) },
    // Answers are right; mails come late, or wait for an operator. The queue is one for all instances.
    mail: { failing: 'degraded', look: () => this.assertMailed(), keptMs: MAIL_MS },
  };

  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly dataSource: DataSource,
    private readonly migrations: PendingMigrations,
    private readonly backlog: OutboxBacklog,
    private readonly eventLoop: EventLoop,
    private readonly shutdown: Shutdown,
  ) {}

  /** Looks at this too, from now on; its name is public. */
  add(name: string, check: Check): void {
    this.checks[name] = check;
  }

  /** Looks at everything, for two seconds at most. */
  async look(): Promise<Verdict> {
    // The others would only load a database that this instance is about to leave.
    if (this.shutdown.begun) return { unready: ['shutdown'], degraded: [], cause: 'The service is ending' };
    const names = Object.keys(this.checks);
    const details = Object.assign({}, ...(await Promise.all(names.map((name) => this.run(name)))));
    const failed = names.filter((name) => details[name].status === 'down');
    const meaning = (what: Check['failing']): string[] => failed.filter((name) => this.checks[name]?.failing === what);
    return { unready: meaning('unready'), degraded: meaning('degraded'), cause: JSON.stringify(details) };
  }

  private async run(name: string): Promise<object> {
    const { look, keptMs } = this.checks[name] as Check;
    const attempt = this.indicators.check(name).attempt(look).withTimeout(TIMEOUT_MS);
    return keptMs === undefined ? attempt : attempt.cacheFor(keptMs);
  }

  private async assertReachable(): Promise<void> {
    await ping(this.dataSource);
  }

  private async assertMigrated(): Promise<void> {
    const pending = await this.migrations.list();
    if (pending.length > 0) throw new Error(`Not migrated: ${pending.join(', ')}`);
  }

  private async assertPrivileged(): Promise<void> {
    // A database that does not answer is what the check of that name is for.
    const missing = await findMissingPrivileges(this.dataSource).catch(() => []);
    if (missing.length > 0) throw new Error(privilegeErrors(missing).join(' '));
  }

  private async assertMailed(): Promise<void> {
    const [seconds, dead] = await Promise.all([this.backlog.oldestSeconds(), this.backlog.dead()]);
    if (seconds > MAIL_SECONDS || dead > 0) throw new Error(`${dead} dead, the oldest waits for ${seconds} s`);
  }

  private assertLag(what: 'median' | 'p99', mostMs: number): void {
    const late = this.eventLoop.lag[what];
    if (late > mostMs) throw new Error(`The event loop is ${late} ms late`);
  }
}
