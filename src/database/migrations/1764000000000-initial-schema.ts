import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The first tables. Names of keys and indexes are those that the entities derive, so that a test can compare them. */
export class InitialSchema1764000000000 implements MigrationInterface {
  name = 'InitialSchema1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE accounts (
        id uuid NOT NULL,
        name varchar(200) COLLATE "und-x-icu" NOT NULL,
        name_folded text COLLATE "C" NOT NULL,
        email varchar(254) COLLATE "und-x-icu" NOT NULL,
        email_folded text COLLATE "C" NOT NULL,
        email_key varchar(320) NOT NULL,
        sso_channel varchar(200) COLLATE "und-x-icu",
        enabled boolean NOT NULL DEFAULT true,
        role_name varchar(100) COLLATE "und-x-icu" NOT NULL,
        role_scope_extra jsonb NOT NULL DEFAULT '{}',
        organization_ids uuid[] NOT NULL DEFAULT '{}',
        picture_url varchar(2048) COLLATE "und-x-icu",
        locale varchar(35) COLLATE "und-x-icu",
        hashed_password text,
        joined_at timestamptz(3),
        invitation_token varchar(64),
        invitation_expired_at timestamptz(3),
        password_reset_token varchar(64),
        password_reset_token_expires_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT accounts_pkey PRIMARY KEY (id),
        CONSTRAINT accounts_email_key_key UNIQUE (email_key),
        CONSTRAINT accounts_invitation_token_key UNIQUE (invitation_token),
        CONSTRAINT accounts_password_reset_token_key UNIQUE (password_reset_token)
      );
      CREATE TABLE organizations (
        id uuid NOT NULL,
        name varchar(200) COLLATE "und-x-icu" NOT NULL,
        name_folded text COLLATE "C" NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT organizations_pkey PRIMARY KEY (id)
      );
      CREATE TABLE memberships (
        account_id uuid NOT NULL,
        organization_id uuid NOT NULL,
        CONSTRAINT memberships_pkey PRIMARY KEY (account_id, organization_id),
        CONSTRAINT memberships_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE,
        CONSTRAINT memberships_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE
      );
      CREATE INDEX memberships_organization_id_account_id_idx ON memberships (organization_id, account_id);
      CREATE TABLE account_sessions (
        id uuid NOT NULL,
        account_id uuid NOT NULL,
        refresh_seq integer NOT NULL DEFAULT 0,
        nonce varchar(64) NOT NULL,
        user_agent varchar(500) COLLATE "und-x-icu",
        ip varchar(45) COLLATE "und-x-icu" NOT NULL,
        amr varchar(10)[] NOT NULL DEFAULT '{}',
        authenticated_at timestamptz(3) NOT NULL DEFAULT now(),
        refreshed_at timestamptz(3) NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        expires_at timestamptz(3) NOT NULL,
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT account_sessions_pkey PRIMARY KEY (id),
        CONSTRAINT account_sessions_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
      );
      CREATE INDEX account_sessions_account_id_idx ON account_sessions (account_id);
      CREATE INDEX account_sessions_expires_at_idx ON account_sessions (expires_at);
      CREATE TABLE attempts (
        key varchar(255) NOT NULL,
        points integer NOT NULL DEFAULT 0,
        expire bigint,
        CONSTRAINT attempts_pkey PRIMARY KEY (key)
      );
      CREATE INDEX attempts_expire_idx ON attempts (expire);
      CREATE TABLE idempotency_keys (
        key varchar(64) NOT NULL,
        digest varchar(64) NOT NULL,
        resource_id uuid,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT idempotency_keys_pkey PRIMARY KEY (key)
      );
      CREATE TABLE installation (
        id integer NOT NULL,
        first_admin_at timestamptz(3) NOT NULL,
        CONSTRAINT installation_pkey PRIMARY KEY (id),
        CONSTRAINT installation_is_one_row CHECK (id = 1)
      );
    `);
    // What \`match\` looks through. Not generated columns: TypeORM reads these only with a table of its own beside them.
    await runner.query(`
      CREATE FUNCTION fold_account() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.name_folded := lower(NEW.name COLLATE "und-x-icu");
        NEW.email_folded := lower(NEW.email COLLATE "und-x-icu");
        RETURN NEW;
      END $$;
      CREATE TRIGGER accounts_fold BEFORE INSERT OR UPDATE OF name, name_folded, email, email_folded ON accounts
        FOR EACH ROW EXECUTE FUNCTION fold_account();
      CREATE FUNCTION fold_organization() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.name_folded := lower(NEW.name COLLATE "und-x-icu");
        RETURN NEW;
      END $$;
      CREATE TRIGGER organizations_fold BEFORE INSERT OR UPDATE OF name, name_folded ON organizations
        FOR EACH ROW EXECUTE FUNCTION fold_organization();
      -- Works on the newest version of each account, so that memberships of one account that are added at the same time are
      -- all in its copy. One account after the other, in the order of ids: a join would be planned once a session, for the
      -- number of rows of the first statement. Who writes the copy along with the memberships saves a second version of the row.
      CREATE FUNCTION copy_memberships() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        change record;
      BEGIN
        IF TG_OP <> 'INSERT' THEN
          FOR change IN SELECT account_id, array_agg(organization_id) AS ids FROM removed GROUP BY 1 ORDER BY 1 LOOP
            UPDATE accounts SET organization_ids = ARRAY(
              SELECT id FROM unnest(organization_ids) AS id WHERE id <> ALL(change.ids) ORDER BY id)
            WHERE id = change.account_id AND organization_ids && change.ids;
          END LOOP;
        END IF;
        IF TG_OP <> 'DELETE' THEN
          FOR change IN SELECT account_id, array_agg(organization_id) AS ids FROM added GROUP BY 1 ORDER BY 1 LOOP
            UPDATE accounts SET organization_ids = ARRAY(
              SELECT DISTINCT id FROM unnest(organization_ids || change.ids) AS id ORDER BY id)
            WHERE id = change.account_id AND NOT organization_ids @> change.ids;
          END LOOP;
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER memberships_inserted AFTER INSERT ON memberships REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION copy_memberships();
      CREATE TRIGGER memberships_updated AFTER UPDATE ON memberships REFERENCING OLD TABLE AS removed NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION copy_memberships();
      CREATE TRIGGER memberships_deleted AFTER DELETE ON memberships REFERENCING OLD TABLE AS removed
        FOR EACH STATEMENT EXECUTE FUNCTION copy_memberships();
      -- One of 100 samples that has a rare text by chance would count as one row in 100, and make a page walk the table.
      ALTER TABLE accounts ALTER COLUMN name_folded SET STATISTICS 500, ALTER COLUMN email_folded SET STATISTICS 500;
      ALTER TABLE organizations ALTER COLUMN name_folded SET STATISTICS 500;
    `);
  }

  /** Migrations are forward-only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations are forward-only');
  }
}
