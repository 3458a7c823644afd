import { Injectable } from '@nestjs/common';
import { raw, sql, type Transaction, Transactions } from '../../json-api/sql/sql.js';

/** The content of a mail about a key, and its recipient. */
export interface MailedKey {
  readonly name: string;
  readonly label: string;
  readonly expiresAt: Date | null;
  readonly isRevoked: boolean;
  readonly accountName: string;
  /** The owner; of the key of a service the account that made it, null when that was an operator. */
  readonly recipientId: string | null;
}

/** How long before its end a mail says that a key expires. */
const NOTICE = raw(`interval '7 days'`);

/** Keys that expire soon, and what mails say of keys. */
@Injectable()
export class ApiKeyRemindersRepository {
  constructor(private readonly transactions: Transactions) {}

  /**
   * Marks up to `limit` keys that expire within 7 days and were made before that, and returns their ids. Of concurrent
   * transactions one gets an id.
   */
  async takeDue(limit: number, tx: Transaction): Promise<string[]> {
    const rows = await tx.query<{ id: string }>(sql`
      UPDATE api_keys SET reminder_sent_at = now() WHERE id IN (
        SELECT id FROM api_keys
        WHERE expires_at > now() AND expires_at < now() + ${NOTICE} AND created_at < expires_at - ${NOTICE}
          AND revoked_at IS NULL AND reminder_sent_at IS NULL
        ORDER BY id LIMIT ${limit} FOR NO KEY UPDATE SKIP LOCKED)
      RETURNING id`);
    return rows.map(({ id }) => id);
  }

  async find(keyId: string): Promise<MailedKey | undefined> {
    const [row] = await this.transactions.query<MailedKey>(sql`
      SELECT key.name, key.key_label AS label, key.expires_at AS "expiresAt", key.revoked_at IS NOT NULL AS "isRevoked",
             account.name AS "accountName",
             CASE account.kind WHEN 'service' THEN key.created_by ELSE key.account_id END AS "recipientId"
      FROM api_keys key JOIN accounts account ON account.id = key.account_id
      WHERE key.id = ${keyId}`);
    return row;
  }
}
