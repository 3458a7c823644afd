import { Injectable, type OnModuleInit } from '@nestjs/common';
import { raw, sql } from '../json-api/sql/sql.js';
import { Sweeps } from '../sweeps/sweeps.js';

/** So long after its end a token is still known: its holder is told that it has expired, and not that there is none. */
const KEPT = raw(`interval '30 days'`);

/** Tokens are deleted some time after they have expired; those that are spent or void are gone at once. */
@Injectable()
export class TokenSweep implements OnModuleInit {
  constructor(private readonly sweeps: Sweeps) {}

  onModuleInit(): void {
    this.sweeps.register({
      table: 'account_tokens',
      key: 'id',
      expired: sql`expires_at < now() - ${KEPT}`,
      by: 'expires_at',
      everySeconds: 3_600,
    });
  }
}
