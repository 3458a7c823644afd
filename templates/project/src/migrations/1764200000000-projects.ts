import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The table of projects. */
export class Projects1764200000000 implements MigrationInterface {
  name = 'Projects1764200000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE projects (
        id uuid NOT NULL CONSTRAINT projects_pkey PRIMARY KEY,
        name varchar(100) COLLATE "und-x-icu" NOT NULL,
        organization_id uuid NOT NULL
          CONSTRAINT projects_organization_id_fkey REFERENCES organizations (id) ON DELETE CASCADE,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        version integer NOT NULL DEFAULT 1
      );
      CREATE INDEX projects_organization_id_idx ON projects (organization_id)`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations are forward-only');
  }
}
