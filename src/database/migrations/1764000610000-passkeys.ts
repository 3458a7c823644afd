import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Passkeys of accounts. */
export class Passkeys1764000610000 implements MigrationInterface {
  name = 'Passkeys1764000610000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE account_passkeys (
        id uuid NOT NULL,
        account_id uuid NOT NULL,
        name varchar(100) COLLATE "und-x-icu" NOT NULL,
        credential_id bytea NOT NULL,
        public_key bytea NOT NULL,
        sign_count bigint NOT NULL DEFAULT 0,
        transports varchar(20)[] NOT NULL DEFAULT '{}',
        backup_eligible boolean NOT NULL,
        backed_up boolean NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        last_used_at timestamptz(3),
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT account_passkeys_pkey PRIMARY KEY (id),
        CONSTRAINT account_passkeys_credential_id_key UNIQUE (credential_id),
        CONSTRAINT account_passkeys_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
      );
      CREATE INDEX account_passkeys_account_id_idx ON account_passkeys (account_id)`);
  }

  /** Migrations are forward-only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations are forward-only');
  }
}
