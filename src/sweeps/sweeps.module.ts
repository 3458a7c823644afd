import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { EXPIRED_KEYS } from '../json-api/write/idempotency-keys.repository.js';
import { Sweeper } from './sweeper.js';
import { SweepsRepository } from './sweeps.repository.js';
import { Sweeps } from './sweeps.js';

/** Deletes expired rows. Each module registers its own tables with `Sweeps`. */
@Global()
@Module({ providers: [Sweeper, Sweeps, SweepsRepository], exports: [Sweeps] })
export class SweepsModule implements OnModuleInit {
  constructor(private readonly sweeps: Sweeps) {}

  /** The resource layer imports no other folder, so its keys are registered here. */
  onModuleInit(): void {
    this.sweeps.register(EXPIRED_KEYS);
  }
}
