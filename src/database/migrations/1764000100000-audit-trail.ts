import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The audit trail, which a trigger keeps append-only. Only the retention sweep may delete; only the erasure of an account
 * may empty details, address and request id, and change nothing else.
 */
export class AuditTrail1764000100000 implements MigrationInterface {
  name = 'AuditTrail1764000100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit_events (
        id uuid NOT NULL,
        action varchar(100) COLLATE "und-x-icu" NOT NULL,
        actor_id uuid,
        target_type varchar(100) COLLATE "und-x-icu",
        target_id uuid,
        details jsonb NOT NULL DEFAULT '{}',
        ip varchar(45) COLLATE "und-x-icu",
        request_id varchar(128) COLLATE "und-x-icu",
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT audit_events_pkey PRIMARY KEY (id)
      );
      CREATE INDEX audit_events_action_id_idx ON audit_events (action, id);
      CREATE INDEX audit_events_actor_id_id_idx ON audit_events (actor_id, id);
      CREATE INDEX audit_events_target_id_id_idx ON audit_events (target_id, id);
      CREATE INDEX audit_events_created_at_id_idx ON audit_events (created_at, id);
      CREATE FUNCTION audit_events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP = 'DELETE' AND current_setting('iam.audit_retention', true) = 'on' THEN
          RETURN OLD;
        END IF;
        IF TG_OP = 'UPDATE' AND current_setting('iam.audit_erasure', true) = 'on' AND NEW.details = '{}'
          AND (NEW.id, NEW.action, NEW.actor_id, NEW.target_type, NEW.target_id, NEW.created_at, NEW.version)
            IS NOT DISTINCT FROM (OLD.id, OLD.action, OLD.actor_id, OLD.target_type, OLD.target_id, OLD.created_at, OLD.version)
          AND coalesce(NEW.ip = OLD.ip, NEW.ip IS NULL) AND coalesce(NEW.request_id = OLD.request_id, NEW.request_id IS NULL) THEN
          RETURN NEW;
        END IF;
        RAISE EXCEPTION 'audit_events is append-only' USING ERRCODE = 'insufficient_privilege';
      END $$;
      CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE ON audit_events
        FOR EACH ROW EXECUTE FUNCTION audit_events_append_only();
      CREATE TRIGGER audit_events_no_truncate BEFORE TRUNCATE ON audit_events
        FOR EACH STATEMENT EXECUTE FUNCTION audit_events_append_only()`);
  }

  /** Migrations are forward-only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations are forward-only');
  }
}
