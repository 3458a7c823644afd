import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Transaction } from '../json-api/sql/sql.js';

/** Columns that rows do not show in an export, or `not_exported` where a row is not about the account that it names. */
export type Omitted = readonly string[] | 'not_exported';

/** A table with rows about accounts. */
export interface PersonalTable {
  readonly table: string;
  /** A column that is unique among the rows of one account. */
  readonly key: string;
  /**
   * Every column that has the id of an account, with the columns that are left out of rows found by it: secrets, and what is
   * about other people.
   */
  readonly accounts: Readonly<Record<string, Omitted>>;
}

/** An account that is being erased. */
export interface ErasedAccount {
  readonly id: string;
  readonly email: string;
}

/** Removes what is left of a deleted account, besides its id. */
export type Eraser = (account: ErasedAccount, tx: Transaction) => Promise<void>;

/**
 * What is stored about people, and how it is removed. The module that owns a table registers it in `onModuleInit`; an entity
 * with a foreign key to accounts that no module has registered stops the start.
 */
@Injectable()
export class PersonalData {
  private readonly registered: PersonalTable[] = [];
  private readonly erasers: Eraser[] = [];

  /**
   * Adds a table to the export of accounts.
   * @param eraser removes what the deletion of the account leaves behind; not needed where a foreign key deletes the rows
   */
  register(table: PersonalTable, eraser?: Eraser): void {
    this.registered.push(table);
    if (eraser) this.erasers.push(eraser);
  }

  /** Adds an eraser of what is no table of this database's schema, such as a queue. */
  registerEraser(eraser: Eraser): void {
    this.erasers.push(eraser);
  }

  /** The tables, in the order in which they were registered. */
  tables(): readonly PersonalTable[] {
    return this.registered;
  }

  /** Removes what is left of a deleted account, in the transaction of the deletion. */
  async erase(account: ErasedAccount, tx: Transaction): Promise<void> {
    for (const eraser of this.erasers) await eraser(account, tx);
  }
}

/** Finds entities that name accounts and that no module has registered: an export and an erasure would leave them out. */
@Injectable()
export class PersonalDataCheck {
  constructor(
    private readonly data: PersonalData,
    private readonly dataSource: DataSource,
  ) {}

  /** @throws TypeError with a sentence for each column that has the id of an account and is not registered */
  check(): void {
    const registered = new Map(this.data.tables().map(({ table, accounts }) => [table, Object.keys(accounts)]));
    const errors = this.dataSource.entityMetadatas.flatMap(({ name, tableName, foreignKeys }) =>
      foreignKeys
        .filter(({ referencedEntityMetadata }) => referencedEntityMetadata.tableName === 'accounts')
        .flatMap(({ columnNames }) => columnNames)
        .filter((column) => !registered.get(tableName)?.includes(column))
        .map(
          (column) =>
            `${name}: ${tableName}.${column} has the id of an account; register the table with PersonalData, so that exports and erasures of accounts include it`,
        ),
    );
    if (errors.length > 0) throw new TypeError(errors.join('\n'));
  }
}
