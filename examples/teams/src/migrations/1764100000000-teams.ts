import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables of teams. */
export class Teams1764100000000 implements MigrationInterface {
  name = 'Teams1764100000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE teams (
        id uuid NOT NULL CONSTRAINT teams_pkey PRIMARY KEY,
        name varchar(100) COLLATE "und-x-icu" NOT NULL,
        organization_id uuid NOT NULL
          CONSTRAINT teams_organization_id_fkey REFERENCES organizations (id) ON DELETE CASCADE,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        version integer NOT NULL DEFAULT 1
      );
      CREATE INDEX teams_organization_id_idx ON teams (organization_id);
      CREATE TABLE team_members (
        team_id uuid NOT NULL CONSTRAINT team_members_team_id_fkey REFERENCES teams (id) ON DELETE CASCADE,
        account_id uuid NOT NULL CONSTRAINT team_members_account_id_fkey REFERENCES accounts (id) ON DELETE CASCADE,
        CONSTRAINT team_members_pkey PRIMARY KEY (team_id, account_id)
      );
      CREATE INDEX team_members_account_id_idx ON team_members (account_id)`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations are forward-only');
  }
}
