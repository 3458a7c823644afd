import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The feed that notifies every instance of changed accounts and sessions. */
export class AuthChanges1764000200000 implements MigrationInterface {
  name = 'AuthChanges1764000200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE auth_changes (
        id uuid NOT NULL,
        account_id uuid NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
        CONSTRAINT auth_changes_pkey PRIMARY KEY (id)
      );
      CREATE INDEX auth_changes_created_at_idx ON auth_changes (created_at)`);
  }

  /** Migrations are forward-only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations are forward-only');
  }
}
