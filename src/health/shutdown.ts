import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Config } from '../config/config.js';

/**
 * Graceful shutdown. A load balancer learns only from the next check of `/health/ready` that an instance ends; until
 * then it sends requests, which must be served. So everything keeps running for `DRAIN_SECONDS`, and only readiness
 * ends. Requests that take longer than `SHUTDOWN_SECONDS` after that are aborted.
 */
@Injectable()
export class Shutdown {
  private readonly logger = new Logger(Shutdown.name);
  private ending = false;

  constructor(@Inject(Config) private readonly config: Pick<Config, 'drainSeconds' | 'shutdownSeconds'>) {}

  /** Whether this instance is about to end. */
  get begun(): boolean {
    return this.ending;
  }

  /**
   * Ends readiness, and waits until load balancers no longer send requests. Returns immediately if the server does not
   * listen.
   */
  async begin(server: Server): Promise<void> {
    if (this.ending) return;
    this.ending = true;
    // Clients with keep-alive connections connect to another instance after this response. The listener is added only
    // now, so that requests have no overhead before.
    server.prependListener('request', (_request, response) => response.setHeader('connection', 'close'));
    const { drainSeconds, shutdownSeconds } = this.config;
    if (!server.listening) return;
    if (drainSeconds > 0) {
      this.logger.log(`Not ready any more; the listener closes in ${drainSeconds} s`);
      await sleep(drainSeconds * 1_000);
    }
    // A closing server waits for every request, also for one that never arrives completely, and Node's time-outs stop.
    setTimeout(() => server.closeAllConnections(), shutdownSeconds * 1_000).unref();
  }
}

/**
 * The Fastify adapter with a hook before it closes, the first step of a shutdown. Nest's shutdown hooks run later, when
 * the outbox and the change feed have stopped.
 */
export class DrainingAdapter extends FastifyAdapter {
  /** Runs, and is awaited, before anything of the application is stopped. */
  beforeClosing: () => Promise<void> = async () => undefined;

  // Nest awaits the result, although its type is void.
  // eslint-disable-next-line @typescript-eslint/no-misused-promises
  override async beforeClose(): Promise<void> {
    super.beforeClose();
    await this.beforeClosing();
  }
}
