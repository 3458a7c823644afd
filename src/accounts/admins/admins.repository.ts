import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { emailKey } from '../../auth/email-key.js';
import { sql, type Transaction, Transactions } from '../../json-api/sql/sql.js';
import { isAdmin } from '../accounts.repository.js';

/** The admin to create. */
export interface NewAdmin {
  readonly name: string;
  readonly email: string;
  /** Whether it signs in past an identity provider that is enforced. */
  readonly breakGlass?: boolean;
}

/** The accounts of admins, and the mark that the first one was made. */
@Injectable()
export class AdminsRepository {
  constructor(private readonly transactions: Transactions) {}

  /** Stores an account that has joined, and gives its id; null when the e-mail is taken. */
  async insert(
    { name, email, breakGlass = false }: NewAdmin,
    roleName: string,
    tx: Transaction,
  ): Promise<string | null> {
    const [made] = await tx.query<{ id: string }>(sql`
      INSERT INTO accounts (id, name, email, email_key, role_name, break_glass, joined_at)
      VALUES (${uuidv7()}, ${name}, ${email}, ${emailKey(email)}, ${roleName}, ${breakGlass}, now())
      ON CONFLICT (email_key) DO NOTHING RETURNING id`);
    return made?.id ?? null;
  }

  /** Whether the first admin was made, in the life of this database. */
  async isFirstMarked(): Promise<boolean> {
    return (await this.transactions.query(sql`SELECT 1 FROM installation`)).length > 0;
  }

  /** Marks that the first admin was made. False when it is marked already. */
  async markFirst(tx: Transaction): Promise<boolean> {
    const marked = await tx.query(
      sql`INSERT INTO installation (id, first_admin_at) VALUES (1, now()) ON CONFLICT DO NOTHING RETURNING id`,
    );
    return marked.length > 0;
  }

  /**
   * Locks the account and, if there is one, another enabled account with one of these roles, and returns whether there is.
   * At most three rows, however many have such a role. All in one order of ids: an account that was enabled a moment ago
   * may be locked by a transaction that saw it enabled.
   */
  async lockWithAnother(roleNames: readonly string[], accountId: string, tx: Transaction): Promise<boolean> {
    const counts = isAdmin(roleNames);
    // Of the first two, one is another. Rows that count no more when their lock is given are left out and made up for.
    const rows = await tx.query<{ id: string }>(sql`
      SELECT id FROM accounts WHERE ${counts} OR id = ${accountId} ORDER BY id LIMIT 2 FOR NO KEY UPDATE`);
    if (!rows.some(({ id }) => id === accountId)) {
      await tx.query(sql`SELECT id FROM accounts WHERE id = ${accountId} FOR NO KEY UPDATE`);
    }
    return rows.some(({ id }) => id !== accountId);
  }
}
