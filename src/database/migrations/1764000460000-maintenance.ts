import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Expired rows are deleted by one instance at a time. */
export class Maintenance1764000460000 implements MigrationInterface {
  name = 'Maintenance1764000460000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE sweeps (
        name varchar(63) NOT NULL,
        due_at timestamptz(3) NOT NULL,
        CONSTRAINT sweeps_pkey PRIMARY KEY (name)
      );
      CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at)`);
  }

  /** Migrations are forward-only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations are forward-only');
  }
}
