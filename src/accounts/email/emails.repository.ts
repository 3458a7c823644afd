import { Injectable } from '@nestjs/common';
import { emailKey } from '../../auth/email-key.js';
import { type Sql, sql, type Transaction } from '../../json-api/sql/sql.js';

/** An account whose e-mail was changed. */
export interface EmailChange {
  readonly id: string;
  /** The e-mail before. */
  readonly former: string;
  readonly enabled: boolean;
  /** Whether it had an invitation that was still good. */
  readonly invited: boolean;
}

/** The e-mails of accounts. */
@Injectable()
export class EmailsRepository {
  /** Locks the enabled account of a person, and gives its e-mail; undefined when there is none. */
  async lockEnabled(id: string, tx: Transaction): Promise<string | undefined> {
    const [row] = await tx.query<{ email: string }>(
      sql`SELECT email FROM accounts WHERE id = ${id} AND enabled AND kind = 'person' FOR NO KEY UPDATE`,
    );
    return row?.email;
  }

  /** The id of another account that has an e-mail; undefined when there is none. */
  async ownerOf(email: string, exceptId: string, tx: Transaction): Promise<string | undefined> {
    const [row] = await tx.query<{ id: string }>(
      sql`SELECT id FROM accounts WHERE email_key = ${emailKey(email)} AND id <> ${exceptId}`,
    );
    return row?.id;
  }

  /**
   * Locks the account of a person and changes its e-mail, in one statement. Its invitation is void by that.
   * @param id the account's id, or a subquery that gives it
   * @throws the driver's error of the constraint `accounts_email_key_key` when the e-mail is taken or reserved
   */
  async change(id: string | Sql, email: string, tx: Transaction): Promise<EmailChange | undefined> {
    const [row] = await tx.query<EmailChange>(sql`
      UPDATE accounts account SET email = ${email}, email_key = ${emailKey(email)}, invitation_expired_at = NULL,
        version = account.version + 1, updated_at = now()
      FROM (
        SELECT id, email, joined_at IS NULL AND invitation_expired_at > now() AS invited
        FROM accounts WHERE id = ${typeof id === 'string' ? sql`${id}::uuid` : id} AND kind = 'person' FOR UPDATE
      ) former
      WHERE account.id = former.id
      RETURNING account.id, former.email AS former, account.enabled, coalesce(former.invited, false) AS invited`);
    return row;
  }
}
