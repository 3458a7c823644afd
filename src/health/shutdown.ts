import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Config } from '../config/config.js';

/**
 * The time between the signal to end and the end. A balancer learns only from the next look at `/health/ready` that an
 * instance goes; until then it sends requests there, and they have to be served. So everything works on for
 * `DRAIN_SECONDS`, readiness alone is over. What then is not done within `SHUTDOWN_SECONDS` is cut off.
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

  /** Ends readiness, and waits until nobody sends requests here any more. A server that does not listen has none. */
  async begin(server: Server): Promise<void> {
    if (this.ending) return;
    this.ending = true;
    // Whoever keeps a connection for the next request looks for another instance after this one. It costs a request
    // nothing before: the listener does not exist until now.
    server.prependListener('request', (_request, response) => response.setHeader('connection', 'close'));
    const { drainSeconds, shutdownSeconds } = this.config;
    if (!server.listening) return;
    if (drainSeconds > 0) {
      this.logger.log(`Not ready any more; the listener closes in ${drainSeconds} s`);
      await sleep(drainSeconds * 1_000);
    }
    // A server that closes waits for every request, also for one that never arrives, and Node's time-outs end with it.
    setTimeout(() => server.closeAllConnections(), shutdownSeconds * 1_000).unref();
  }
}
