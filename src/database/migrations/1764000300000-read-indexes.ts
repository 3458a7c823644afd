import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createIndexesConcurrently } from '../concurrent-indexes.js';

/**
 * One index for every documented filter and sort; `test/performance` asserts a bound for each. An index on (x, id)
 * serves both: equality on x in the order of ids, and x as the order with id as the tie-breaker, both ways. Where few
 * rows share a value, x alone does.
 */
const INDEXES: Readonly<Record<string, string>> = {
  accounts_name_id_idx: 'accounts (name, id)',
  accounts_email_id_idx: 'accounts (email, id)',
  accounts_sso_channel_id_idx: 'accounts (sso_channel, id)',
  accounts_enabled_id_idx: 'accounts (enabled, id)',
  accounts_role_name_id_idx: 'accounts (role_name, id)',
  accounts_picture_url_id_idx: 'accounts (picture_url, id)',
  accounts_locale_id_idx: 'accounts (locale, id)',
  accounts_joined_at_id_idx: 'accounts (joined_at, id)',
  accounts_invitation_expired_at_id_idx: 'accounts (invitation_expired_at, id)',
  accounts_created_at_id_idx: 'accounts (created_at, id)',
  accounts_updated_at_id_idx: 'accounts (updated_at, id)',
  accounts_password_reset_token_expires_at_idx:
    'accounts (password_reset_token_expires_at) WHERE password_reset_token_expires_at IS NOT NULL',
  // Without the pending list of GIN, which every search would have to read through.
  accounts_name_folded_idx: 'accounts USING gin (name_folded gin_trgm_ops) WITH (fastupdate = off)',
  accounts_email_folded_idx: 'accounts USING gin (email_folded gin_trgm_ops) WITH (fastupdate = off)',
  accounts_role_scope_extra_idx: 'accounts USING gin (role_scope_extra jsonb_path_ops) WITH (fastupdate = off)',
  organizations_name_id_idx: 'organizations (name, id)',
  organizations_created_at_id_idx: 'organizations (created_at, id)',
  organizations_updated_at_id_idx: 'organizations (updated_at, id)',
  organizations_name_folded_idx: 'organizations USING gin (name_folded gin_trgm_ops) WITH (fastupdate = off)',
  account_sessions_user_agent_id_idx: 'account_sessions (user_agent, id)',
  account_sessions_ip_id_idx: 'account_sessions (ip, id)',
  account_sessions_refresh_seq_id_idx: 'account_sessions (refresh_seq, id)',
  account_sessions_nonce_idx: 'account_sessions (nonce)',
  account_sessions_authenticated_at_idx: 'account_sessions (authenticated_at)',
  account_sessions_created_at_idx: 'account_sessions (created_at)',
  account_sessions_updated_at_idx: 'account_sessions (updated_at)',
  audit_events_target_type_id_idx: 'audit_events (target_type, id)',
  audit_events_ip_id_idx: 'audit_events (ip, id)',
  audit_events_request_id_id_idx: 'audit_events (request_id, id)',
  audit_events_lower_action_idx: 'audit_events USING gin (lower(action) gin_trgm_ops) WITH (fastupdate = off)',
};

/** Built concurrently, one after the other; an interrupted run continues where it stopped. */
export class ReadIndexes1764000300000 implements MigrationInterface {
  name = 'ReadIndexes1764000300000';
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    // A trusted extension: the owner of the database may create it, no superuser is needed.
    await runner.query('CREATE EXTENSION IF NOT EXISTS pg_trgm');
    await createIndexesConcurrently(runner, INDEXES);
    // Indexed expressions have no statistics until ANALYZE runs.
    await runner.query('ANALYZE accounts, organizations, account_sessions, audit_events');
  }

  /** Migrations are forward-only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations are forward-only');
  }
}
