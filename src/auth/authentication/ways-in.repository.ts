import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../json-api/sql/executor.js';
import { join, or, sql, type Sql } from '../../json-api/sql/sql.js';

/** A way to sign in that needs no other one beside it, such as a password. */
export interface WayIn {
  readonly name: string;
  /** The condition, in SQL, that an account has it and can use it. @param account the account's id */
  readonly isHeldBy: (account: Sql) => Sql;
  /** The condition that it is the only one which an account can use, whatever else it has; that of none without it. */
  readonly isRequiredOf?: (account: Sql) => Sql;
}

/** The ways to sign in. A module registers its own in `onModuleInit`. */
@Injectable()
export class WaysIn {
  private readonly ways: WayIn[] = [];

  register(way: WayIn): void {
    this.ways.push(way);
  }

  /** The names of those that an account has, by one statement. With its row locked none is removed meanwhile. */
  async ofAccount(accountId: string, database: Pick<Transaction, 'query'>): Promise<string[]> {
    const account = sql`${accountId}::uuid`;
    const held = this.ways.map((way) => {
      const others = this.ways.filter((other) => other !== way);
      const isRuledOut = or(others.flatMap(({ isRequiredOf }) => isRequiredOf?.(account) ?? []));
      return sql`(${way.isHeldBy(account)} AND NOT ${isRuledOut})`;
    });
    const [row] = await database.query<{ held: boolean[] }>(sql`SELECT ARRAY[${join(held, ', ')}] AS held`);
    return this.ways.filter((_way, place) => row?.held[place]).map(({ name }) => name);
  }
}
