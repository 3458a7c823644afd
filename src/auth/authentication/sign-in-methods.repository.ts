import { Injectable } from '@nestjs/common';
import { join, or, type Sql, sql, type Transaction } from '../../json-api/sql/sql.js';

/** What an account can sign in with and nothing else beside it, such as a password. */
export interface SignInMethod {
  readonly name: string;
  /** The condition, in SQL, that an account has it and can use it. @param account the account's id */
  readonly isHeldBy: (account: Sql) => Sql;
  /** The condition that it is the only one which an account can use, whatever else it has; that of none without it. */
  readonly isRequiredOf?: (account: Sql) => Sql;
}

/** What accounts can sign in with. A module registers its own in `onModuleInit`. */
@Injectable()
export class SignInMethods {
  private readonly methods: SignInMethod[] = [];

  register(method: SignInMethod): void {
    this.methods.push(method);
  }

  /** The names of those that an account has, by one statement. With its row locked none is removed meanwhile. */
  async ofAccount(accountId: string, database: Pick<Transaction, 'query'>): Promise<string[]> {
    const account = sql`${accountId}::uuid`;
    const held = this.methods.map((method) => {
      const others = this.methods.filter((other) => other !== method);
      const isRuledOut = or(others.flatMap(({ isRequiredOf }) => isRequiredOf?.(account) ?? []));
      return sql`(${method.isHeldBy(account)} AND NOT ${isRuledOut})`;
    });
    const [row] = await database.query<{ held: boolean[] }>(sql`SELECT ARRAY[${join(held, ', ')}] AS held`);
    return this.methods.filter((_method, place) => row?.held[place]).map(({ name }) => name);
  }
}
