import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Moves passwords and mailed tokens out of `accounts`, where each write had to update every index. Rows are moved
 * before keys and indexes are created, which is several times faster. A trigger keeps e-mails that were given up from
 * other accounts while the change can be taken back.
 */
export class AccountSecrets1764000440000 implements MigrationInterface {
  name = 'AccountSecrets1764000440000';

  async up(runner: QueryRunner): Promise<void> {
    // Locks the whole table first: a password changed meanwhile would be lost.
    await runner.query('LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE');
    await runner.query(`
      CREATE TABLE account_credentials (
        account_id uuid NOT NULL,
        hashed_password text,
        version integer NOT NULL DEFAULT 1
      );
      CREATE TABLE one_time_tokens (
        id uuid NOT NULL,
        hash varchar(64) NOT NULL,
        purpose varchar(40) NOT NULL,
        account_id uuid,
        issued_by uuid,
        browser_hash varchar(64),
        data text,
        reserved_email_key varchar(320),
        expires_at timestamptz(3) NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      INSERT INTO account_credentials (account_id, hashed_password)
      SELECT id, hashed_password FROM accounts WHERE hashed_password IS NOT NULL`);
    await runner.query(`
      INSERT INTO one_time_tokens (id, hash, account_id, purpose, expires_at)
      SELECT gen_random_uuid(), token.hash, account.id, token.purpose, token.expires_at
      FROM accounts account CROSS JOIN LATERAL (VALUES
        (account.invitation_token, 'invitation', account.invitation_expired_at),
        (account.password_reset_token, 'reset', account.password_reset_token_expires_at)
      ) AS token (hash, purpose, expires_at)
      WHERE token.hash IS NOT NULL AND token.expires_at IS NOT NULL`);
    await runner.query(`
      ALTER TABLE account_credentials
        ADD CONSTRAINT account_credentials_pkey PRIMARY KEY (account_id),
        ADD CONSTRAINT account_credentials_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE;
      ALTER TABLE one_time_tokens
        ADD CONSTRAINT one_time_tokens_pkey PRIMARY KEY (id),
        ADD CONSTRAINT one_time_tokens_hash_key UNIQUE (hash),
        ADD CONSTRAINT one_time_tokens_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE;
      CREATE INDEX one_time_tokens_account_id_idx ON one_time_tokens (account_id);
      CREATE INDEX one_time_tokens_expires_at_idx ON one_time_tokens (expires_at);
      CREATE INDEX one_time_tokens_reserved_email_key_idx ON one_time_tokens (reserved_email_key)
        WHERE reserved_email_key IS NOT NULL;
      ALTER TABLE accounts
        DROP COLUMN hashed_password,
        DROP COLUMN invitation_token,
        DROP COLUMN password_reset_token,
        DROP COLUMN password_reset_token_expires_at`);
    // After the insert, and not before: that has waited for the end of a transaction which gave the e-mail up, and the
    // statement of the trigger sees what it has reserved.
    await runner.query(`
      CREATE FUNCTION reject_reserved_email() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (
          SELECT FROM one_time_tokens token WHERE token.reserved_email_key = NEW.email_key
            AND token.account_id <> NEW.id AND token.expires_at > now()
        ) THEN
          RAISE unique_violation USING MESSAGE = 'the e-mail is reserved', CONSTRAINT = 'accounts_email_key_key',
            TABLE = 'accounts';
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER accounts_reserved_email AFTER INSERT OR UPDATE OF email_key ON accounts
        FOR EACH ROW EXECUTE FUNCTION reject_reserved_email()`);
  }

  /** Migrations are forward-only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations are forward-only');
  }
}
