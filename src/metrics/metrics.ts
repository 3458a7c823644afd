import { Inject, Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { Config } from '../config/config.js';

/** Upper bounds of the request histogram, in seconds: from a cached list to a slow hash. */
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * The process in numbers, for Prometheus. Label values are constants of this project (route templates, methods,
 * statuses, actions), never input: the number of series is bounded.
 */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  readonly requests = new Histogram({
    name: 'iam_http_request_duration_seconds',
    help: 'Time from the request to the end of its response, by route template',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: REQUEST_BUCKETS,
    registers: [this.registry],
  });

  readonly actions = new Counter({
    name: 'iam_actions_total',
    help: 'Lines of the audit trail that were committed, by action: sign-ins, failures, reuse of refresh tokens, writes',
    labelNames: ['action'] as const,
    registers: [this.registry],
  });

  readonly sweptRows = new Counter({
    name: 'iam_swept_rows_total',
    help: 'Expired rows that this instance deleted, by table',
    labelNames: ['table'] as const,
    registers: [this.registry],
  });

  readonly rejections = new Counter({
    name: 'iam_http_rejections_total',
    help: 'Connections, and what came over them, that were rejected before there was a request, by reason',
    labelNames: ['reason'] as const,
    registers: [this.registry],
  });

  constructor(@Inject(Config) config: Pick<Config, 'metricsPort'>) {
    // Event-loop lag, memory, CPU and garbage collection; their observers have a cost, so only if metrics are served.
    if (config.metricsPort > 0) collectDefaultMetrics({ register: this.registry });
  }

  /** A gauge that is computed on each scrape, and omitted when that fails. */
  gauge(name: string, help: string, value: () => number | Promise<number>): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      async collect() {
        try {
          this.set(await value());
        } catch {
          this.set(Number.NaN);
        }
      },
    });
  }
}
