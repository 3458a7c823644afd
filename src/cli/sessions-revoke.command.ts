import type { INestApplicationContext } from '@nestjs/common';
import { z } from 'zod';
import { emailKey } from '../auth/email-key.js';
import { SessionStore } from '../auth/sessions/session.store.js';
import { email } from '../config/variables/schemas.js';
import { Audit } from '../events/audit.js';
import { isUuid } from '../json-api/resource/field-types.js';
import { sql } from '../json-api/sql/sql.js';
import { Transactions, type Transaction } from '../json-api/sql/transaction.js';
import { defineCommand, UsageError } from './command.js';
import { number } from './progress.js';
import { withService } from './with-service.js';

/** Accounts whose sessions end in one transaction: few enough to hold no lock for long. */
const BATCH = 1_000;
const FIRST_UUID = '00000000-0000-0000-0000-000000000000';

const uuid = z.string().refine(isUuid, 'must be a UUID');

/** Signs people out, wherever they are signed in. */
export const sessionsRevokeCommand = defineCommand({
  summary: 'End sessions at once, on every instance that runs',
  details:
    'Their access tokens are refused within a second, and their refresh tokens are spent. The audit trail has a line of\n' +
    'it. With --all, whoever signs in while it runs may stay signed in.',
  options: {
    account: { schema: uuid, default: null, placeholder: 'ID', description: 'Those of the account with this id' },
    email: { schema: email, default: null, placeholder: 'EMAIL', description: 'Those of the account with this e-mail' },
    all: { description: 'Those of everybody' },
  },
  async run({ account, email: address, all }, context) {
    const named = [account, address].filter((given) => given !== null);
    if (named.length + Number(all) !== 1) throw new UsageError(['Give one of --account, --email and --all.']);
    const ended = await withService(context, async (service) => {
      const revocation = new Revocation(service);
      if (all) return revocation.all(context.signal);
      const found = account === null ? sql`email_key = ${emailKey(address ?? '')}` : sql`id = ${account}`;
      return revocation.of(found, String(named[0]));
    });
    context.out.write(`Ended ${number(ended)} ${ended === 1 ? 'session' : 'sessions'}.\n`);
  },
});

class Revocation {
  private readonly transactions: Transactions;
  private readonly sessions: SessionStore;
  private readonly audit: Audit;

  constructor(service: INestApplicationContext) {
    this.transactions = service.get(Transactions, { strict: false });
    this.sessions = service.get(SessionStore, { strict: false });
    this.audit = service.get(Audit, { strict: false });
  }

  /** Ends those of one account, and gives how many were alive. @throws Error when there is no such account */
  of(which: ReturnType<typeof sql>, name: string): Promise<number> {
    return this.transactions.run(async (tx) => {
      const [account] = await tx.query<{ id: string }>(sql`SELECT id FROM accounts WHERE ${which}`);
      if (!account) throw new Error(`There is no account ${name}.`);
      const target = { type: 'iam:accounts', id: account.id };
      return this.end(tx, [account.id], { target });
    });
  }

  /** Ends those of everybody, and gives how many were alive. What is done when it is interrupted stays done. */
  async all(signal: AbortSignal): Promise<number> {
    let total = 0;
    for (let last: string | undefined = FIRST_UUID; last !== undefined;) {
      signal.throwIfAborted();
      const batch = await this.transactions.run((tx) => this.batchAfter(String(last), tx));
      total += batch.sessions;
      last = batch.last;
    }
    return total;
  }

  private async batchAfter(id: string, tx: Transaction): Promise<{ sessions: number; last: string | undefined }> {
    const rows = await tx.query<{ id: string }>(sql`
      SELECT DISTINCT account_id AS id FROM account_sessions WHERE account_id > ${id} ORDER BY id LIMIT ${BATCH}`);
    const ids = rows.map((row) => row.id);
    const sessions = ids.length === 0 ? 0 : await this.end(tx, ids, {});
    return { sessions, last: ids.at(-1) };
  }

  private async end(
    tx: Transaction,
    accountIds: readonly string[],
    { target }: { target?: { type: string; id: string } },
  ): Promise<number> {
    const sessions = await this.sessions.endAllOf(tx, accountIds, { reason: 'revoked', actorId: null });
    await this.audit.record(tx, {
      action: 'iam:account_sessions.revoked',
      actorId: null,
      ...(target ? { target, details: { sessions } } : { details: { sessions, accounts: accountIds.length } }),
    });
    return sessions;
  }
}
