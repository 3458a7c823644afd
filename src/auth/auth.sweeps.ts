import { Injectable, type OnModuleInit } from '@nestjs/common';
import { raw, sql } from '../json-api/sql/sql.js';
import { Sweeps } from '../sweeps/sweeps.js';

/** So long a counter stays after its window has ended, in ms: the clocks that end it are the instances' own. */
const ATTEMPTS_KEPT_MS = 3_600_000;
/** So long the feed keeps what changed. An instance that has not read it for so long trusts nothing that it remembers. */
const CHANGES_KEPT = raw(`interval '10 minutes'`);

/** What of attempts and the feed of changes is deleted when it has expired. */
@Injectable()
export class AuthSweeps implements OnModuleInit {
  constructor(private readonly sweeps: Sweeps) {}

  onModuleInit(): void {
    this.sweeps.register(
      {
        table: 'attempts',
        key: 'key',
        expired: sql`expire < (extract(epoch FROM now()) * 1000)::bigint - ${ATTEMPTS_KEPT_MS}::bigint`,
        by: 'expire',
      },
      { table: 'auth_changes', key: 'id', expired: sql`created_at < now() - ${CHANGES_KEPT}`, by: 'created_at' },
    );
  }
}
