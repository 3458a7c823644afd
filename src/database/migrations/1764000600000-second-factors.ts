import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tables of second factors, and what requires one. */
export class SecondFactors1764000600000 implements MigrationInterface {
  name = 'SecondFactors1764000600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE account_factors (
        id uuid NOT NULL,
        account_id uuid NOT NULL,
        kind varchar(20) COLLATE "und-x-icu" NOT NULL DEFAULT 'totp',
        name varchar(100) COLLATE "und-x-icu" NOT NULL,
        secret text NOT NULL,
        last_step bigint,
        confirmed_at timestamptz(3),
        last_used_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT account_factors_pkey PRIMARY KEY (id),
        CONSTRAINT account_factors_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
      );
      CREATE INDEX account_factors_account_id_id_idx ON account_factors (account_id, id);
      CREATE INDEX account_factors_kind_id_idx ON account_factors (kind, id);
      CREATE INDEX account_factors_created_at_id_idx ON account_factors (created_at, id);
      CREATE TABLE account_factor_states (
        account_id uuid NOT NULL,
        version integer NOT NULL,
        CONSTRAINT account_factor_states_pkey PRIMARY KEY (account_id),
        CONSTRAINT account_factor_states_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
      );
      CREATE TABLE factor_attempts (
        account_id uuid NOT NULL,
        method varchar(20) NOT NULL,
        failures smallint NOT NULL,
        locks smallint NOT NULL,
        locked_until timestamptz(3),
        CONSTRAINT factor_attempts_pkey PRIMARY KEY (account_id, method),
        CONSTRAINT factor_attempts_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
      );
      CREATE TABLE account_recovery_codes (
        id uuid NOT NULL,
        account_id uuid NOT NULL,
        hash varchar(100) NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT account_recovery_codes_pkey PRIMARY KEY (id),
        CONSTRAINT account_recovery_codes_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
      );
      CREATE INDEX account_recovery_codes_account_id_idx ON account_recovery_codes (account_id);
      ALTER TABLE organizations ADD COLUMN mfa_required boolean NOT NULL DEFAULT false`);
  }

  /** Migrations are forward-only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations are forward-only');
  }
}
