import { sql, type Transaction } from '../../json-api/sql/sql.js';
import type { AccountRow, LineReading } from './account-reader.js';

/** Why a line cannot be stored; `known` if its e-mail already exists, as after an interrupted import. */
export interface Conflict {
  readonly error: string;
  readonly known: boolean;
}

const RESERVED = 'the e-mail was another account’s until a few days ago, which can take it back';

/** A line with an account. */
export type Valid = LineReading & { readonly account: AccountRow };

/**
 * Finds conflicts of lines with existing rows and earlier lines. A dry run stores no accounts, so it records earlier
 * lines in a temporary table instead of memory. All its transactions then need one session.
 */
export class Conflicts {
  constructor(private readonly dryRun: boolean) {}

  /** Call this once, first. */
  async prepare(tx: Transaction): Promise<void> {
    if (!this.dryRun) return;
    await tx.query(sql`CREATE TEMPORARY TABLE seen_accounts (id uuid PRIMARY KEY, email_key text UNIQUE)`);
  }

  /** The conflicts of these lines, by the number of the line. */
  async find(lines: readonly Valid[], tx: Transaction): Promise<Map<number, Conflict>> {
    const { ids, keys } = await this.taken(lines, tx);
    const reserved = await this.reserved(lines, tx);
    const conflicts = new Map<number, Conflict>();
    const firstLines = new Map<string, number>();
    for (const { line, account } of lines) {
      const earlier = firstLines.get(account.email_key);
      if (earlier !== undefined) conflicts.set(line, { error: `the e-mail is on line ${earlier} too`, known: true });
      else if (keys.has(account.email_key)) conflicts.set(line, { error: 'the e-mail is already taken', known: true });
      else if (reserved.has(account.email_key)) conflicts.set(line, { error: RESERVED, known: false });
      else if (ids.has(account.id)) conflicts.set(line, { error: 'another account has this id', known: false });
      firstLines.set(account.email_key, earlier ?? line);
      ids.add(account.id);
    }
    if (this.dryRun) await this.remember(lines, conflicts, tx);
    return conflicts;
  }

  private async taken(lines: readonly Valid[], tx: Transaction): Promise<{ ids: Set<string>; keys: Set<string> }> {
    const keys = lines.map(({ account }) => account.email_key);
    const ids = lines.map(({ account }) => account.id);
    const among = sql`id = ANY(${ids}::uuid[]) OR email_key = ANY(${keys}::text[])`;
    const seen = this.dryRun ? sql`UNION ALL SELECT id, email_key FROM seen_accounts WHERE ${among}` : sql``;
    const rows = await tx.query<{ id: string; email_key: string }>(
      sql`SELECT id, email_key FROM accounts WHERE ${among} ${seen}`,
    );
    return { ids: new Set(rows.map(({ id }) => id)), keys: new Set(rows.map(({ email_key }) => email_key)) };
  }

  /** The keys of e-mails that another account had, and can take back. */
  private async reserved(lines: readonly Valid[], tx: Transaction): Promise<Set<string>> {
    const keys = lines.map(({ account }) => account.email_key);
    const rows = await tx.query<{ key: string }>(sql`
      SELECT reserved_email_key AS key FROM one_time_tokens
      WHERE reserved_email_key = ANY(${keys}::text[]) AND expires_at > now()`);
    return new Set(rows.map(({ key }) => key));
  }

  private async remember(lines: readonly Valid[], conflicts: ReadonlyMap<number, Conflict>, tx: Transaction) {
    const fresh = lines.filter(({ line }) => !conflicts.has(line)).map(({ account }) => account);
    await tx.query(sql`
      INSERT INTO seen_accounts
      SELECT * FROM unnest(${fresh.map(({ id }) => id)}::uuid[], ${fresh.map(({ email_key }) => email_key)}::text[])`);
  }
}
