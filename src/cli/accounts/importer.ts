import type { DataSource } from 'typeorm';
import { AccountTransferResource } from '../../accounts/account-transfer.resource.js';
import type { Audit } from '../../events/audit.js';
import { sql, type Transaction, type Transactions } from '../../json-api/sql/sql.js';
import type { LineReading, TransferResource } from './account-reader.js';
import { Conflicts, type Valid } from './conflicts.js';
import { insertRows, tablesOf, type ImportTable } from './import-columns.js';
import { OrganizationFinder } from './organization-finder.js';

/** The options of `iam accounts import`. */
export interface ImportOptions {
  /** Validates everything, and stores nothing. */
  readonly dryRun: boolean;
  /** Skips lines with errors. */
  readonly skipInvalid: boolean;
  /** An existing e-mail is not an error; its account is unchanged. */
  readonly skipExisting: boolean;
  readonly createOrganizations: boolean;
}

/** The result of a batch. */
export interface BatchReport {
  readonly accounts: number;
  readonly memberships: number;
  readonly organizations: number;
  /** Lines whose e-mail already exists. */
  readonly existing: number;
  /** The errors by line. */
  readonly rejected: readonly { readonly line: number; readonly errors: readonly string[] }[];
  /** False if nothing of the batch was stored because of an error. */
  readonly stored: boolean;
}

interface Placed {
  readonly valid: Valid;
  readonly organizationIds: ReadonlySet<string>;
}

/** Rolls back a batch with errors. */
class BatchRollback extends Error {
  constructor(readonly report: BatchReport) {
    super('The batch has errors');
  }
}

const NOTHING: BatchReport = {
  accounts: 0,
  memberships: 0,
  organizations: 0,
  existing: 0,
  rejected: [],
  stored: false,
};

/** Updates the planner's statistics of what an import wrote. */
export async function analyzeImported(dataSource: DataSource): Promise<void> {
  await dataSource.query('ANALYZE accounts, account_credentials, memberships');
}

/** Stores accounts in batches, each in one transaction and a few statements. */
export class Importer {
  private readonly conflicts: Conflicts;
  private readonly organizations: OrganizationFinder;
  private tables: readonly ImportTable[] = [];

  constructor(
    private readonly transactions: Transactions,
    private readonly audit: Audit,
    private readonly options: ImportOptions,
    private readonly resource: TransferResource = AccountTransferResource,
  ) {
    this.conflicts = new Conflicts(options.dryRun);
    this.organizations = new OrganizationFinder(audit, options);
  }

  /** Call this once, before the first batch. */
  prepare(): Promise<void> {
    return this.transactions.run(async (tx) => {
      this.tables = await tablesOf(this.resource, tx);
      await this.conflicts.prepare(tx);
    });
  }

  /** Stores a batch, or returns its errors. @throws the error of the database; then nothing of the batch is stored */
  async add(lines: readonly LineReading[]): Promise<BatchReport> {
    try {
      return await this.transactions.run((tx) => this.addIn(tx, lines));
    } catch (error) {
      if (error instanceof BatchRollback) return error.report;
      throw error;
    }
  }

  private async addIn(tx: Transaction, lines: readonly LineReading[]): Promise<BatchReport> {
    const { skipInvalid, skipExisting, dryRun } = this.options;
    const valid = lines.filter((line): line is Valid => line.account !== null);
    const conflicts = await this.conflicts.find(valid, tx);
    const rejected = lines.flatMap(({ line, errors }) => (errors.length > 0 ? [{ line, errors }] : []));
    for (const [line, { known, error }] of conflicts) {
      if (!(known && skipExisting)) rejected.push({ line, errors: [error] });
    }
    const existing = [...conflicts.values()].filter(({ known }) => known && skipExisting).length;
    const { placed, lost } = await this.place(
      valid.filter(({ line }) => !conflicts.has(line)),
      tx,
    );
    rejected.push(...lost);
    rejected.sort((left, right) => left.line - right.line);
    if (rejected.length > 0 && !skipInvalid && !dryRun) throw new BatchRollback({ ...NOTHING, rejected });
    const memberships = placed.flatMap(({ valid: { account }, organizationIds }) =>
      [...organizationIds].map((organization_id) => ({ account_id: account.id, organization_id })),
    );
    if (!dryRun && placed.length > 0) await this.store(placed, memberships, tx);
    return {
      accounts: placed.length,
      memberships: memberships.length,
      organizations: this.organizations.made,
      existing,
      rejected,
      stored: true,
    };
  }

  /** The lines with the ids of their organizations, and the lines with unknown organizations. */
  private async place(lines: readonly Valid[], tx: Transaction) {
    await this.organizations.load(
      lines.flatMap(({ organizations }) => organizations),
      tx,
    );
    const placed: Placed[] = [];
    const lost: { line: number; errors: string[] }[] = [];
    for (const valid of lines) {
      const errors: string[] = [];
      const organizationIds = new Set<string>();
      for (const reference of valid.organizations) {
        const found = await this.organizations.find(reference, tx);
        if ('id' in found) organizationIds.add(found.id);
        else errors.push(found.error);
      }
      if (errors.length > 0) lost.push({ line: valid.line, errors });
      else placed.push({ valid, organizationIds });
    }
    return { placed, lost };
  }

  private async store(placed: readonly Placed[], memberships: readonly object[], tx: Transaction): Promise<void> {
    const [accounts, ...beside] = this.tables;
    if (!accounts) throw new Error('Call prepare() first');
    const lines = placed.map(({ valid }) => valid);
    await insertRows(
      accounts,
      placed.map(({ valid, organizationIds }) => ({ ...valid.account, organization_ids: [...organizationIds].sort() })),
      tx,
    );
    for (const table of beside) {
      const rows = lines.flatMap(({ account, beside: { [table.name]: values } }) =>
        values ? [{ ...values, [table.key]: account.id }] : [],
      );
      await insertRows(table, rows, tx);
    }
    const credentials = placed.flatMap(({ valid: { account, hashedPassword } }) =>
      hashedPassword === null ? [] : [{ account_id: account.id, hashed_password: hashedPassword }],
    );
    await tx.query(sql`
      INSERT INTO account_credentials (account_id, hashed_password)
      SELECT account_id, hashed_password
      FROM jsonb_populate_recordset(NULL::account_credentials, ${JSON.stringify(credentials)}::jsonb)`);
    // Ordered by id, as everywhere: otherwise foreign key locks could deadlock.
    await tx.query(sql`
      INSERT INTO memberships (account_id, organization_id)
      SELECT account_id, organization_id
      FROM jsonb_populate_recordset(NULL::memberships, ${JSON.stringify(memberships)}::jsonb) ORDER BY 1, 2`);
    const details = { accounts: placed.length, memberships: memberships.length, by: 'operator' };
    await this.audit.record(tx, { action: 'iam:accounts.imported', actorId: null, details });
  }
}
