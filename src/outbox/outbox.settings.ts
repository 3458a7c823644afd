import { Injectable } from '@nestjs/common';

/** How eagerly the outbox is worked on. Times in milliseconds. Tests provide shorter ones under this token. */
@Injectable()
export class OutboxSettings {
  /** Jobs that run at the same time in this process. */
  readonly concurrency: number = 4;
  /** Longest time until a waiting job is seen that no notification told of. */
  readonly pollMs: number = 2_000;
  /** Time between two looks for jobs that nobody works on; they are released at the second one. */
  readonly orphansMs: number = 5_000;
  /** Pause before a broken worker starts again. */
  readonly restartMs: number = 1_000;
  /** How long a shutdown waits for running jobs. */
  readonly patienceMs: number = 5_000;
}
