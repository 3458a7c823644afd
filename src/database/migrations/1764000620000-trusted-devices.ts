import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Devices on which accounts need no second factor. */
export class TrustedDevices1764000620000 implements MigrationInterface {
  name = 'TrustedDevices1764000620000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE trusted_devices (
        id uuid NOT NULL,
        account_id uuid NOT NULL,
        hash char(64) NOT NULL,
        name varchar(100) COLLATE "und-x-icu" NOT NULL,
        password_version integer NOT NULL,
        factor_version integer NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        last_used_at timestamptz(3),
        expires_at timestamptz(3) NOT NULL,
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT trusted_devices_pkey PRIMARY KEY (id),
        CONSTRAINT trusted_devices_hash_key UNIQUE (hash),
        CONSTRAINT trusted_devices_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
      );
      CREATE INDEX trusted_devices_account_id_idx ON trusted_devices (account_id);
      CREATE INDEX trusted_devices_expires_at_idx ON trusted_devices (expires_at)`);
  }

  /** Migrations are forward-only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations are forward-only');
  }
}
