import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tables of the sweeps, which one instance runs at a time, and of jobs, for work that takes longer than a request. */
export class Maintenance1764000460000 implements MigrationInterface {
  name = 'Maintenance1764000460000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE sweeps (
        name varchar(63) NOT NULL,
        due_at timestamptz(3) NOT NULL,
        CONSTRAINT sweeps_pkey PRIMARY KEY (name)
      );
      CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);
      CREATE TABLE jobs (
        id uuid NOT NULL,
        kind varchar(100) COLLATE "und-x-icu" NOT NULL,
        status varchar(20) COLLATE "und-x-icu" NOT NULL DEFAULT 'queued',
        progress integer NOT NULL DEFAULT 0,
        total integer,
        errors jsonb NOT NULL DEFAULT '[]',
        input jsonb NOT NULL,
        origin jsonb NOT NULL DEFAULT '{}',
        created_by uuid,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        started_at timestamptz(3),
        finished_at timestamptz(3),
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT jobs_pkey PRIMARY KEY (id)
      );
      CREATE INDEX jobs_kind_id_idx ON jobs (kind, id);
      CREATE INDEX jobs_status_id_idx ON jobs (status, id);
      CREATE INDEX jobs_created_by_id_idx ON jobs (created_by, id);
      CREATE INDEX jobs_created_at_id_idx ON jobs (created_at, id);
      CREATE INDEX jobs_finished_at_idx ON jobs (finished_at);
      CREATE FUNCTION current_transaction_id() RETURNS bigint LANGUAGE sql
        AS 'SELECT pg_catalog.pg_current_xact_id()::text::bigint';
      ALTER TABLE auth_changes ADD COLUMN transaction_id bigint NOT NULL DEFAULT current_transaction_id();
      CREATE INDEX auth_changes_transaction_id_idx ON auth_changes (transaction_id);
      ALTER TABLE organizations ADD COLUMN deletion_started_at timestamptz(3)`);
  }

  /** Migrations are forward-only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations are forward-only');
  }
}
