import type { TestApp } from '../support/app.js';

/** Gives an organization so many members, who have not joined yet. */
export async function addMembers(app: TestApp, organizationId: string, members: number): Promise<void> {
  await app.sql(
    `WITH added AS (
       INSERT INTO accounts (id, name, email, email_key, role_name, organization_ids)
       SELECT id, 'Member', id || '@example.com', id || '@EXAMPLE.COM', 'user', ARRAY[$1::uuid]
       FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, $2::int)) made RETURNING id)
     INSERT INTO memberships (account_id, organization_id) SELECT id, $1 FROM added`,
    [organizationId, members],
  );
}
