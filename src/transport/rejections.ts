import type { Metrics } from '../metrics/metrics.js';

/** Time between two lines about the same reason, in milliseconds. */
const LOG_INTERVAL_MS = 10_000;

/** Why a connection or its data was rejected before it was a request, with the log message. */
const SENTENCES = {
  malformed_body: 'What a client sent is not HTTP',
  payload_too_large: 'The extensions of chunks are too large',
  headers_too_large: 'The headers of a request are too large',
  request_timeout: 'A request did not arrive in time',
  response_timeout: 'A response was not read in time',
  pipelining: 'A client sends too many requests without waiting for responses',
  address_connections: 'An address has too many connections (CONNECTIONS_PER_ADDRESS)',
  connections: 'There are too many connections (MAX_CONNECTIONS)',
} as const;

export type Rejection = keyof typeof SENTENCES;

/**
 * Logs and counts rejections before a request. They tend to come in thousands: each is counted, and one line per reason
 * every ten seconds has the number since the previous line.
 */
export class Rejections {
  readonly #unlogged = new Map<Rejection, { count: number; loggedAt: number }>();

  constructor(
    private readonly metrics: Pick<Metrics, 'rejections'>,
    private readonly logger: { info(fields: object, message: string): void },
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** @param ip the peer's address */
  record(reason: Rejection, ip: string | undefined): void {
    this.metrics.rejections.inc({ reason });
    const entry = this.#unlogged.get(reason) ?? { count: 0, loggedAt: -Infinity };
    this.#unlogged.set(reason, entry);
    entry.count += 1;
    const now = this.now();
    if (now - entry.loggedAt < LOG_INTERVAL_MS) return;
    this.logger.info({ reason, ip, count: entry.count }, SENTENCES[reason]);
    entry.count = 0;
    entry.loggedAt = now;
  }
}
