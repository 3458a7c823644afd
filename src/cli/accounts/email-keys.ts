import type { DataSource } from 'typeorm';
import { emailKey } from '../../auth/email-key.js';

/** Rows per batch. */
const BATCH = 5_000;

/** An account whose e-mail key is outdated, written by an earlier release. */
export interface StaleKey {
  readonly id: string;
  readonly email: string;
  readonly key: string;
  /** The account that already has this key: both have the same mailbox. Null if none has. */
  readonly heldBy: string | null;
}

interface Row {
  readonly id: string;
  readonly email: string;
  readonly email_key: string;
}

/** Every account with an outdated key, in batches ordered by id. Keys of ASCII e-mails never change. */
export async function* staleKeys(dataSource: DataSource): AsyncGenerator<StaleKey[]> {
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    const rows = await dataSource.query<Row[]>(
      `SELECT id, email, email_key FROM accounts
       WHERE id > $1 AND octet_length(email) <> char_length(email) ORDER BY id LIMIT $2`,
      [after, BATCH],
    );
    const stale = rows.filter(({ email, email_key }) => emailKey(email) !== email_key);
    if (stale.length > 0) yield await withHolders(dataSource, stale);
    const last = rows.at(-1);
    if (!last || rows.length < BATCH) return;
    after = last.id;
  }
}

async function withHolders(dataSource: DataSource, rows: readonly Row[]): Promise<StaleKey[]> {
  const keys = rows.map(({ email }) => emailKey(email));
  const holders = await dataSource.query<Row[]>('SELECT id, email_key FROM accounts WHERE email_key = ANY($1)', [keys]);
  const byKey = new Map(holders.map((holder) => [holder.email_key, holder.id]));
  return rows.map(({ id, email }) => {
    const key = emailKey(email);
    return { id, email, key, heldBy: byKey.get(key) ?? null };
  });
}

/** Stores the current key, unless another account has it. @returns whether it was stored */
export async function storeKey(dataSource: DataSource, { id, email, key }: StaleKey): Promise<boolean> {
  const [, count]: [unknown, number] = await dataSource.query(
    `UPDATE accounts SET email_key = $1 WHERE id = $2 AND email = $3
     AND NOT EXISTS (SELECT FROM accounts other WHERE other.email_key = $1)`,
    [key, id, email],
  );
  return count > 0;
}
