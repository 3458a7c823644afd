import { availableParallelism } from 'node:os';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Throttle } from '../../auth/rate-limit/rate-limiter.js';
import { Readiness } from '../../health/readiness.js';
import { Metrics } from '../../metrics/metrics.js';
import { PasswordHasher } from './password.hasher.js';

/** The oldest hash may wait or run for so long, in ms: sign-ins are late then, or the hashes are stuck. */
const LATE_MS = 5_000;

/** Tells those who have to know how long the line for hashing is. */
@Injectable()
export class HashQueueSignals implements OnModuleInit {
  constructor(
    private readonly throttle: Throttle,
    private readonly readiness: Readiness,
    private readonly hasher: PasswordHasher,
  ) {}

  onModuleInit(): void {
    const { queue } = this.hasher;
    if (queue.slots < availableParallelism()) {
      const start = 'start with `node --require ./dist/thread-pool.cjs dist/main.js`, or set UV_THREADPOOL_SIZE';
      new Logger('Passwords').warn(`Only ${queue.slots} passwords are hashed at a time: ${start}`);
    }
    this.throttle.rejectWithoutRoom(({ emailKey, knownDevice, actorId }) =>
      queue.assertRoom(emailKey === undefined ? null : knownDevice || actorId ? 'recognized' : 'others'),
    );
    // Only a warning: whoever is signed in is served, and the sign-ins would be a burden to the other instances.
    this.readiness.add('hashing', {
      failing: 'degraded',
      look: async () => {
        if (queue.ageMs > LATE_MS) throw new Error(`A password hash is there for ${Math.round(queue.ageMs)} ms`);
      },
    });
  }
}

/** How busy password hashing is. */
@Injectable()
export class HashQueueMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly hasher: PasswordHasher,
  ) {}

  onModuleInit(): void {
    this.metrics.gauge('iam_hashes_running', 'Password hashes that run now', () => this.hasher.queue.running);
    this.metrics.gauge(
      'iam_hashes_waiting',
      'Password hashes that wait for their turn',
      () => this.hasher.queue.waiting,
    );
    this.metrics.gauge(
      'iam_hashes_age_seconds',
      'How long the oldest password hash has waited or run',
      () => this.hasher.queue.ageMs / 1000,
    );
  }
}
