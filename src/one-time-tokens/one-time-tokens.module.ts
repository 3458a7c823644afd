import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { PersonalData } from '../personal-data/personal-data.js';
import { OneTimeTokensRepository, OneTimeTokenSweep, PERSONAL_TOKENS } from './one-time-tokens.repository.js';

/** State that can be used once, such as mailed tokens. */
@Global()
@Module({ providers: [OneTimeTokensRepository, OneTimeTokenSweep], exports: [OneTimeTokensRepository] })
export class OneTimeTokensModule implements OnModuleInit {
  constructor(
    private readonly data: PersonalData,
    private readonly tokens: OneTimeTokensRepository,
  ) {}

  onModuleInit(): void {
    this.data.register(PERSONAL_TOKENS, ({ id }, tx) => this.tokens.forgetIssuer(id, tx));
  }
}
