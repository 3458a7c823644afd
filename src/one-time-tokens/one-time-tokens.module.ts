import { Global, Module } from '@nestjs/common';
import { OneTimeTokensRepository, OneTimeTokenSweep } from './one-time-tokens.repository.js';

/** State that can be used once, such as mailed tokens. */
@Global()
@Module({ providers: [OneTimeTokensRepository, OneTimeTokenSweep], exports: [OneTimeTokensRepository] })
export class OneTimeTokensModule {}
