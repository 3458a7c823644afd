import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { PersonalData } from './personal-data.js';

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
