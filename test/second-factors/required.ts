import { Module, type OnModuleInit } from '@nestjs/common';
import { SecondFactors } from '../../src/auth/authentication/second-factors.repository.js';
import { sql } from '../../src/json-api/sql/sql.js';

/** Accounts of this name must have a second factor, where {@link RequiredByName} is a module. */
export const REQUIRED = 'Must have two factors';

/** Requires a second factor of accounts by their name. */
@Module({})
export class RequiredByName implements OnModuleInit {
  constructor(private readonly factors: SecondFactors) {}

  onModuleInit(): void {
    this.factors.requireWhere(
      (id) => sql`${id} IN (SELECT account.id FROM accounts account WHERE account.name = ${REQUIRED})`,
    );
  }
}
