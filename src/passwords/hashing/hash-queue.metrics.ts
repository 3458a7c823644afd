import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Metrics } from '../../metrics/metrics.js';
import { PasswordHasher } from './password.hasher.js';

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
