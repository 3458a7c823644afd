import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { EXPIRED_KEYS } from '../json-api/write/idempotency-keys.repository.js';
import { PeriodicJobs } from './periodic-jobs.js';
import { Sweeper } from './sweeper.js';
import { SweepsRepository } from './sweeps.repository.js';
import { Sweeps } from './sweeps.js';

/** Deletes expired rows, and runs periodic jobs. Each module registers its own with `Sweeps` and `PeriodicJobs`. */
@Global()
@Module({ providers: [PeriodicJobs, Sweeper, Sweeps, SweepsRepository], exports: [PeriodicJobs, Sweeps] })
export class SweepsModule implements OnModuleInit {
  constructor(private readonly sweeps: Sweeps) {}

  /** The resource layer imports no other folder, so its keys are registered here. */
  onModuleInit(): void {
    this.sweeps.register(EXPIRED_KEYS);
  }
}
