import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { PersonalData } from './personal-data.js';
import { PersonalDataRepository } from './personal-data.repository.js';

/** Writes everything that is stored about an account as one JSON object. */
@Injectable()
export class PersonalDataExport {
  constructor(
    private readonly data: PersonalData,
    private readonly rows: PersonalDataRepository,
  ) {}

  /**
   * The text of the object: `account_id`, `exported_at`, and a list of rows for each table. It is read as the client takes
   * it, so that it may be larger than memory; an error on the way ends the stream.
   */
  stream(accountId: string): Readable {
    return Readable.from(this.write(accountId), { objectMode: false });
  }

  private async *write(accountId: string): AsyncGenerator<string> {
    yield `{\n"account_id": ${JSON.stringify(accountId)},\n"exported_at": "${new Date().toISOString()}"`;
    for (const table of this.data.tables()) {
      if (Object.values(table.accounts).every((omitted) => omitted === 'not_exported')) continue;
      yield `,\n${JSON.stringify(table.table)}: [`;
      let separator = '\n';
      for await (const row of this.rows.rows(table, accountId)) {
        yield separator + row;
        separator = ',\n';
      }
      yield '\n]';
    }
    yield '\n}\n';
  }
}
