import { Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { DataSource } from 'typeorm';
import { ping } from '../database/checks/server-facts.js';
import { PendingMigrations } from '../database/pending-migrations.js';
import { findMissingPrivileges, privilegeErrors } from '../database/checks/privileges.js';
import { OutboxBacklog } from '../outbox/outbox.backlog.js';
import { EventLoop } from './event-loop.js';
import { Shutdown } from './shutdown.js';

/** Time-out of a check, in ms. */
const TIMEOUT_MS = 2_000;
/** How long the count of mails is cached, in ms: readiness is public, and can be requested any number of times. */
const MAIL_MS = 5_000;
/** How long the result of the privileges check is cached, in ms. */
const PRIVILEGES_MS = 10_000;
/** Maximum age of the oldest waiting mail, in s: five attempts at a relay that rejects it. */
const MAIL_SECONDS = 300;
/** Maximum p99 lag of the event loop before `load` warns, in ms. */
const LATE_MS = 250;
/** Maximum median lag of the event loop before the instance is not ready, in ms. */
const STALLED_MS = 1_000;

/** A readiness check. */
export interface Check {
  /** The state of the instance when the check fails. */
  readonly failing: 'unready' | 'degraded';
  /** Throws when the check fails; the message is for the log. */
  readonly check: () => Promise<void>;
  /** How long a result is cached, in ms. */
  readonly keptMs?: number;
}

/** The result: public names of checks, and why they failed, for the log only. */
export interface Verdict {
  readonly unready: readonly string[];
  readonly degraded: readonly string[];
  readonly cause: string;
}

/**
 * Whether requests should be sent here. A check makes an instance unready where other instances can serve its requests,
 * or where every response would be an error anyway. What affects all instances and leaves the responses correct only
 * warns: otherwise it would take all instances out at once, which fixes nothing.
 *
 * Terminus runs the checks; the result is evaluated here, because its own response has another format, exposes messages
 * of the database to unauthenticated clients, and reports a shutdown after the outbox has stopped.
 */
@Injectable()
export class Readiness {
  private readonly checks: Record<string, Check> = {
    // Only the network of this instance may have failed, and without a database every response is 503.
    database: { failing: 'unready', check: () => this.assertReachable() },
    // Its statements use columns that do not exist yet; the previous release still serves.
    migrations: { failing: 'unready', check: () => this.assertMigrated() },
    // Writes would fail, while the previous release may still have every privilege that it needs.
    privileges: { failing: 'unready', check: () => this.assertPrivileged(), keptMs: PRIVILEGES_MS },
    // Requests time out until it recovers.
    event_loop: { failing: 'unready', check: async () => this.assertLag('median', STALLED_MS) },
    // Only late: taking an overloaded instance out would overload the others.
    load: { failing: 'degraded', check: async () => this.assertLag('p99', LATE_MS) },
    // Responses are correct; mails are late, or wait for an operator. All instances share the queue.
    mail: { failing: 'degraded', check: () => this.assertMailed(), keptMs: MAIL_MS },
  };

  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly dataSource: DataSource,
    private readonly migrations: PendingMigrations,
    private readonly backlog: OutboxBacklog,
    private readonly eventLoop: EventLoop,
    private readonly shutdown: Shutdown,
  ) {}

  /**
   * Adds a check; its name is public.
   * @throws Error when there is a check of this name already
   */
  add(name: string, check: Check): void {
    if (Object.hasOwn(this.checks, name))
      throw new Error(`There are two readiness checks "${name}"; call yours otherwise`);
    this.checks[name] = check;
  }

  /** Runs all checks, for two seconds at most. */
  async check(): Promise<Verdict> {
    // The other checks would only put load on the database.
    if (this.shutdown.begun) return { unready: ['shutdown'], degraded: [], cause: 'The service is ending' };
    const names = Object.keys(this.checks);
    const details = Object.assign({}, ...(await Promise.all(names.map((name) => this.run(name)))));
    const failed = names.filter((name) => details[name].status === 'down');
    const meaning = (what: Check['failing']): string[] => failed.filter((name) => this.checks[name]?.failing === what);
    return { unready: meaning('unready'), degraded: meaning('degraded'), cause: JSON.stringify(details) };
  }

  private async run(name: string): Promise<object> {
    const { check, keptMs } = this.checks[name] as Check;
    const attempt = this.indicators.check(name).attempt(check).withTimeout(TIMEOUT_MS);
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
    // The `database` check reports a database that does not respond.
    const missing = await findMissingPrivileges(this.dataSource).catch(() => []);
    if (missing.length > 0) throw new Error(privilegeErrors(missing).join(' '));
  }

  private async assertMailed(): Promise<void> {
    const [seconds, dead] = await Promise.all([this.backlog.oldestSeconds(), this.backlog.dead()]);
    if (seconds > MAIL_SECONDS || dead > 0) throw new Error(`${dead} dead, the oldest waits for ${seconds} s`);
  }

  private assertLag(what: 'median' | 'p99', maxMs: number): void {
    const late = this.eventLoop.lag[what];
    if (late > maxMs) throw new Error(`The event loop is ${late} ms late`);
  }
}
