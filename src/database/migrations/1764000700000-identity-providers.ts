import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Providers that accounts sign in with, the domains that are proven to be theirs, and the identities of accounts. */
export class IdentityProviders1764000700000 implements MigrationInterface {
  name = 'IdentityProviders1764000700000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE identity_providers (
        id uuid NOT NULL,
        slug varchar(60) COLLATE "und-x-icu" NOT NULL,
        name varchar(100) COLLATE "und-x-icu" NOT NULL,
        kind varchar(20) COLLATE "und-x-icu" NOT NULL,
        issuer varchar(500),
        client_id varchar(500) NOT NULL,
        client_secret text,
        scopes varchar(100)[] NOT NULL DEFAULT '{}',
        claims jsonb NOT NULL DEFAULT '{}',
        authorization_endpoint varchar(500),
        token_endpoint varchar(500),
        userinfo_endpoint varchar(500),
        organization_id uuid,
        domains varchar(253)[] NOT NULL DEFAULT '{}',
        trust_email boolean NOT NULL DEFAULT false,
        trust_mfa boolean NOT NULL DEFAULT false,
        "join" varchar(20) NOT NULL DEFAULT 'invited',
        default_role varchar(100),
        role_ceiling integer NOT NULL DEFAULT 0,
        enforced boolean NOT NULL DEFAULT false,
        enabled boolean NOT NULL DEFAULT true,
        declared boolean NOT NULL DEFAULT false,
        from_file boolean NOT NULL DEFAULT false,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT identity_providers_pkey PRIMARY KEY (id),
        CONSTRAINT identity_providers_slug_key UNIQUE (slug),
        CONSTRAINT identity_providers_organization_id_fkey FOREIGN KEY (organization_id)
          REFERENCES organizations (id) ON DELETE CASCADE
      );
      CREATE INDEX identity_providers_slug_id_idx ON identity_providers (slug, id);
      CREATE INDEX identity_providers_name_id_idx ON identity_providers (name, id);
      CREATE INDEX identity_providers_kind_id_idx ON identity_providers (kind, id);
      CREATE INDEX identity_providers_organization_id_id_idx ON identity_providers (organization_id, id);
      CREATE INDEX identity_providers_created_at_id_idx ON identity_providers (created_at, id);
      CREATE INDEX identity_providers_updated_at_id_idx ON identity_providers (updated_at, id);

      CREATE TABLE identity_provider_domains (
        domain varchar(253) NOT NULL,
        provider_id uuid NOT NULL,
        verified_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT identity_provider_domains_pkey PRIMARY KEY (domain),
        CONSTRAINT identity_provider_domains_provider_id_fkey FOREIGN KEY (provider_id)
          REFERENCES identity_providers (id) ON DELETE CASCADE
      );
      CREATE INDEX identity_provider_domains_provider_id_idx ON identity_provider_domains (provider_id);

      CREATE TABLE account_identities (
        id uuid NOT NULL,
        account_id uuid NOT NULL,
        provider_id uuid NOT NULL,
        issuer varchar(500) COLLATE "und-x-icu" NOT NULL,
        subject varchar(255) COLLATE "und-x-icu" NOT NULL,
        email varchar(254) COLLATE "und-x-icu",
        linked_by varchar(20) COLLATE "und-x-icu" NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        last_used_at timestamptz(3),
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT account_identities_pkey PRIMARY KEY (id),
        CONSTRAINT account_identities_provider_id_issuer_subject_key UNIQUE (provider_id, issuer, subject),
        CONSTRAINT account_identities_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE,
        CONSTRAINT account_identities_provider_id_fkey FOREIGN KEY (provider_id)
          REFERENCES identity_providers (id) ON DELETE CASCADE
      );
      CREATE INDEX account_identities_account_id_id_idx ON account_identities (account_id, id);
      CREATE INDEX account_identities_issuer_id_idx ON account_identities (issuer, id);
      CREATE INDEX account_identities_subject_id_idx ON account_identities (subject, id);
      CREATE INDEX account_identities_created_at_id_idx ON account_identities (created_at, id);
      CREATE INDEX account_identities_last_used_at_id_idx ON account_identities (last_used_at, id);

      CREATE TABLE identity_provider_sessions (
        id uuid NOT NULL,
        provider_id uuid NOT NULL,
        issuer varchar(500) NOT NULL,
        subject varchar(255) NOT NULL,
        sid varchar(255),
        id_token text,
        CONSTRAINT identity_provider_sessions_pkey PRIMARY KEY (id),
        CONSTRAINT identity_provider_sessions_id_fkey FOREIGN KEY (id) REFERENCES account_sessions (id) ON DELETE CASCADE,
        CONSTRAINT identity_provider_sessions_provider_id_fkey FOREIGN KEY (provider_id)
          REFERENCES identity_providers (id) ON DELETE CASCADE
      );
      CREATE INDEX identity_provider_sessions_provider_id_sid_idx ON identity_provider_sessions (provider_id, sid);
      CREATE INDEX identity_provider_sessions_provider_id_subject_idx ON identity_provider_sessions (provider_id, subject)`);
  }

  /** Migrations are forward-only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations are forward-only');
  }
}
