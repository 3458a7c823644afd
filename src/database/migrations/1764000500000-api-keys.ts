import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createIndexesConcurrently } from '../concurrent-indexes.js';

const INDEXES: Readonly<Record<string, string>> = {
  accounts_kind_id_idx: 'accounts (kind, id)',
  api_keys_lower_name_idx: 'api_keys USING gin (lower(name) gin_trgm_ops) WITH (fastupdate = off)',
};

/** Service accounts and API keys. An interrupted run continues where it stopped. */
export class ApiKeys1764000500000 implements MigrationInterface {
  name = 'ApiKeys1764000500000';
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE accounts
        ADD COLUMN IF NOT EXISTS kind varchar(20) COLLATE "und-x-icu" NOT NULL DEFAULT 'person'`);
    await runner.query(`
      CREATE TABLE IF NOT EXISTS api_keys (
        id uuid NOT NULL,
        name varchar(100) COLLATE "und-x-icu" NOT NULL,
        account_id uuid NOT NULL,
        permissions varchar(255)[] NOT NULL,
        role_scope jsonb,
        key_label varchar(13) COLLATE "und-x-icu" NOT NULL,
        expires_at timestamptz(3),
        revoked_at timestamptz(3),
        last_used_at timestamptz(3),
        reminder_sent_at timestamptz(3),
        created_by uuid,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT api_keys_pkey PRIMARY KEY (id),
        CONSTRAINT api_keys_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
      );
      CREATE INDEX IF NOT EXISTS api_keys_account_id_id_idx ON api_keys (account_id, id);
      CREATE INDEX IF NOT EXISTS api_keys_name_id_idx ON api_keys (name, id);
      CREATE INDEX IF NOT EXISTS api_keys_key_label_id_idx ON api_keys (key_label, id);
      CREATE INDEX IF NOT EXISTS api_keys_expires_at_id_idx ON api_keys (expires_at, id);
      CREATE INDEX IF NOT EXISTS api_keys_revoked_at_id_idx ON api_keys (revoked_at, id);
      CREATE INDEX IF NOT EXISTS api_keys_last_used_at_id_idx ON api_keys (last_used_at, id);
      CREATE INDEX IF NOT EXISTS api_keys_created_by_id_idx ON api_keys (created_by, id);
      CREATE INDEX IF NOT EXISTS api_keys_created_at_id_idx ON api_keys (created_at, id);
      CREATE INDEX IF NOT EXISTS api_keys_updated_at_id_idx ON api_keys (updated_at, id);
      CREATE TABLE IF NOT EXISTS api_key_secrets (
        finder varchar(10) NOT NULL,
        key_id uuid NOT NULL,
        hash varchar(64) NOT NULL,
        expires_at timestamptz(3),
        CONSTRAINT api_key_secrets_pkey PRIMARY KEY (finder),
        CONSTRAINT api_key_secrets_key_id_fkey FOREIGN KEY (key_id) REFERENCES api_keys (id) ON DELETE CASCADE
      );
      CREATE INDEX IF NOT EXISTS api_key_secrets_key_id_idx ON api_key_secrets (key_id)`);
    await createIndexesConcurrently(runner, INDEXES);
  }

  /** Migrations are forward-only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations are forward-only');
  }
}
