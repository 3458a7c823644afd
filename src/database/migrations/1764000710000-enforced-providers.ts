import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Accounts that sign in past an enforced identity provider, and the accounts of a domain. */
export class EnforcedProviders1764000710000 implements MigrationInterface {
  name = 'EnforcedProviders1764000710000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE accounts ADD COLUMN break_glass boolean NOT NULL DEFAULT false;
      CREATE INDEX accounts_email_domain_idx ON accounts (split_part(email_key, '@', -1))`);
  }

  /** Migrations are forward-only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations are forward-only');
  }
}
