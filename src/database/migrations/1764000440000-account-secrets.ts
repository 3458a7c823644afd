import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Moves passwords and mailed tokens out of `accounts`, where each write had to update every index. Rows are moved
 * before keys and indexes are created, which is several times faster.
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
      CREATE TABLE account_tokens (
        id uuid NOT NULL,
        hash varchar(64) NOT NULL,
        account_id uuid NOT NULL,
        purpose varchar(20) NOT NULL,
        issued_by uuid,
        expires_at timestamptz(3) NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      INSERT INTO account_credentials (account_id, hashed_password)
      SELECT id, hashed_password FROM accounts WHERE hashed_password IS NOT NULL`);
    await runner.query(`
      INSERT INTO account_tokens (id, hash, account_id, purpose, expires_at)
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
      ALTER TABLE account_tokens
        ADD CONSTRAINT account_tokens_pkey PRIMARY KEY (id),
        ADD CONSTRAINT account_tokens_hash_key UNIQUE (hash),
        ADD CONSTRAINT account_tokens_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE;
      CREATE INDEX account_tokens_account_id_idx ON account_tokens (account_id);
      CREATE INDEX account_tokens_expires_at_idx ON account_tokens (expires_at);
      ALTER TABLE accounts
        DROP COLUMN hashed_password,
        DROP COLUMN invitation_token,
        DROP COLUMN password_reset_token,
        DROP COLUMN password_reset_token_expires_at`);
  }

  /** Migrations are forward-only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations are forward-only');
  }
}
