import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables of the inventory. */
export class Inventory1770000000000 implements MigrationInterface {
  name = 'Inventory1770000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE items (
        id uuid NOT NULL CONSTRAINT items_pkey PRIMARY KEY,
        sku varchar(8) COLLATE "und-x-icu" NOT NULL,
        name varchar(100) COLLATE "und-x-icu" NOT NULL,
        quantity integer NOT NULL DEFAULT 1,
        reserved integer NOT NULL DEFAULT 0,
        price numeric(10, 2),
        purchased_on date,
        organization_id uuid NOT NULL
          CONSTRAINT items_organization_id_fkey REFERENCES organizations (id) ON DELETE CASCADE,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        version integer NOT NULL DEFAULT 1,
        CONSTRAINT items_organization_id_sku_key UNIQUE (organization_id, sku),
        CONSTRAINT items_reserved_check CHECK (reserved >= 0 AND reserved <= quantity)
      );
      CREATE TABLE reservations (
        id uuid NOT NULL CONSTRAINT reservations_pkey PRIMARY KEY,
        item_id uuid NOT NULL CONSTRAINT reservations_item_id_fkey REFERENCES items (id) ON DELETE CASCADE,
        account_id uuid CONSTRAINT reservations_account_id_fkey REFERENCES accounts (id) ON DELETE SET NULL,
        quantity integer NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT reservations_item_id_account_id_key UNIQUE (item_id, account_id)
      );
      CREATE INDEX reservations_account_id_idx ON reservations (account_id);
      CREATE INDEX reservations_expires_at_idx ON reservations (expires_at);
      CREATE TABLE staff_records (
        account_id uuid NOT NULL CONSTRAINT staff_records_pkey PRIMARY KEY
          CONSTRAINT staff_records_account_id_fkey REFERENCES accounts (id) ON DELETE CASCADE,
        employee_number integer CONSTRAINT staff_records_employee_number_key UNIQUE,
        cost_center varchar(20) COLLATE "und-x-icu",
        manager_id uuid CONSTRAINT staff_records_manager_id_fkey REFERENCES accounts (id) ON DELETE SET NULL
      );
      CREATE INDEX staff_records_cost_center_idx ON staff_records (cost_center);
      CREATE INDEX staff_records_manager_id_idx ON staff_records (manager_id);
      CREATE TABLE inventory_settings (
        organization_id uuid NOT NULL CONSTRAINT inventory_settings_pkey PRIMARY KEY
          CONSTRAINT inventory_settings_organization_id_fkey REFERENCES organizations (id) ON DELETE CASCADE,
        inventory_budget numeric(12, 2)
      )`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations are forward-only');
  }
}
