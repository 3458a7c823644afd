import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createIndexesConcurrently } from '../concurrent-indexes.js';

const INDEXES: Readonly<Record<string, string>> = {
  accounts_kind_id_idx: 'accounts (kind, id)',
};

/** Service accounts. An interrupted run continues where it stopped. */
export class ApiKeys1764000500000 implements MigrationInterface {
  name = 'ApiKeys1764000500000';
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE accounts
        ADD COLUMN IF NOT EXISTS kind varchar(20) COLLATE "und-x-icu" NOT NULL DEFAULT 'person'`);
    await createIndexesConcurrently(runner, INDEXES);
  }

  /** Migrations are forward-only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations are forward-only');
  }
}
