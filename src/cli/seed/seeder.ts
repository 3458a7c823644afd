import type { ClientBase } from 'pg';
import type { Progress } from '../progress.js';
import { copyRows } from './copy-rows.js';
import {
  ACCOUNT_COLUMNS,
  CREDENTIALS_COLUMNS,
  MEMBERSHIP_COLUMNS,
  ORGANIZATION_COLUMNS,
  sampleAccount,
  sampleOrganization,
  type SampleAccount,
  type SampleSettings,
} from './sample-rows.js';

/** The advisory lock of the one process that seeds a database: two would give out the same e-mails. */
const LOCK_KEY = 4_219_073_503;
/** Accounts per batch, whose memberships are kept in memory until the accounts are stored. */
const BATCH = 20_000;

const LAST_NUMBER = `
  SELECT coalesce(max(substring(email_key FROM '^user([0-9]{1,9})@seed\\.example\\.com$')::int), 0) AS last
  FROM accounts WHERE email_key LIKE 'user%@seed.example.com'`;

/** Updates the planner's statistics of what `seed` wrote: outside of its transaction, whose rows ANALYZE must see. */
export async function analyzeSeeded(client: ClientBase): Promise<void> {
  await client.query('ANALYZE accounts, account_credentials, organizations, memberships');
}

/** The amounts to create. */
export interface SeedPlan extends Pick<SampleSettings, 'hashedPassword' | 'userRole' | 'ownerRole'> {
  readonly accounts: number;
  readonly organizations: number;
}

/** The result. */
export interface SeedReport {
  /** Numbers in the e-mails of the first and the last account. */
  readonly firstNumber: number;
  readonly lastNumber: number;
  readonly memberships: number;
}

/**
 * Adds sample organizations, accounts and memberships, in one transaction: all of them or nothing.
 * @param client a connection without a statement timeout
 * @throws Error when another process seeds the database; an AbortError after the signal
 */
export async function seed(
  client: ClientBase,
  plan: SeedPlan,
  progress: Progress,
  signal: AbortSignal,
): Promise<SeedReport> {
  await client.query('BEGIN');
  try {
    const report = await new Seeder(client, plan, progress, signal).run();
    await client.query('COMMIT');
    return report;
  } catch (error) {
    // After an interrupted COPY the connection may be gone, and the transaction with it.
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

class Seeder {
  private memberships = 0;

  constructor(
    private readonly client: ClientBase,
    private readonly plan: SeedPlan,
    private readonly progress: Progress,
    private readonly signal: AbortSignal,
  ) {}

  async run(): Promise<SeedReport> {
    await this.lock();
    const now = Date.now();
    const organizationIds = await this.addOrganizations(now);
    const firstNumber = (await this.lastNumber()) + 1;
    const settings: SampleSettings = { ...this.plan, now, firstNumber, organizationIds };
    for (let start = 0; start < this.plan.accounts; start += BATCH) {
      await this.addAccounts(start, Math.min(start + BATCH, this.plan.accounts), settings);
    }
    return { firstNumber, lastNumber: firstNumber + this.plan.accounts - 1, memberships: this.memberships };
  }

  private async lock(): Promise<void> {
    const { rows } = await this.client.query<{ locked: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS locked', [
      LOCK_KEY,
    ]);
    if (!rows[0]?.locked) throw new Error('Another process is seeding this database.');
  }

  private async lastNumber(): Promise<number> {
    const { rows } = await this.client.query<{ last: number }>(LAST_NUMBER);
    return rows[0]?.last ?? 0;
  }

  private async addOrganizations(now: number): Promise<string[]> {
    const count = this.plan.organizations;
    const organizations = Array.from({ length: count }, (_, n) => sampleOrganization(n, count, now));
    const rows = organizations.map(({ values }) => values);
    await copyRows(this.client, 'organizations', ORGANIZATION_COLUMNS, rows, this.signal);
    return organizations.map(({ id }) => id);
  }

  private async addAccounts(start: number, end: number, settings: SampleSettings): Promise<void> {
    const batch: SampleAccount[] = [];
    for (let n = start; n < end; n++) batch.push(sampleAccount(n, settings));
    await copyRows(this.client, 'accounts', ACCOUNT_COLUMNS, this.counted(batch), this.signal);
    const credentials = batch.flatMap(({ id, hashedPassword }) =>
      hashedPassword === null ? [] : [[id, hashedPassword]],
    );
    await copyRows(this.client, 'account_credentials', CREDENTIALS_COLUMNS, credentials, this.signal);
    const memberships = batch.flatMap(({ id, organizationIds }) =>
      organizationIds.map((organizationId) => [id, organizationId]),
    );
    await copyRows(this.client, 'memberships', MEMBERSHIP_COLUMNS, memberships, this.signal);
    this.memberships += memberships.length;
  }

  private *counted(batch: readonly SampleAccount[]): Generator<SampleAccount['values']> {
    for (const { values } of batch) {
      yield values;
      this.progress.advance(1);
    }
  }
}
