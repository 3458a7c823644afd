import { Injectable } from '@nestjs/common';
import type { Actor } from '../auth/authorization/actor.js';
import { type Operands, plainValues } from '../json-api/sql/operators.js';
import { ResourceRepository } from '../json-api/resource.repository.js';
import { and, type Sql, sql, type Transaction } from '../json-api/sql/sql.js';
import type { Organization } from './organization.entity.js';
import { OrganizationResource } from './organization.resource.js';
import type { PersonalTable } from '../personal-data/personal-data.js';

/** The organizations of an account. */
export const PERSONAL_MEMBERSHIPS: PersonalTable = {
  table: 'memberships',
  key: 'organization_id',
  accounts: { account_id: [] },
};

/** People of an organization. */
interface WithoutFactor {
  readonly accounts: number;
  readonly without_factor: number;
}

/** Excludes organizations that a job is deleting. */
const KEPT = sql`row.deletion_started_at IS NULL`;

/** The organizations in an actor's scope. */
@Injectable()
export class OrganizationsRepository extends ResourceRepository<Organization, Actor> {
  readonly resource = OrganizationResource;

  protected readonly scopeConditions = {
    '*': () => KEPT,
    org: (actor: Actor) => and([sql`row.id = ANY(${actor.organizationIds}::uuid[])`, KEPT]),
  };

  protected override readonly filters = {
    account_id: (operands: Operands, actor: Actor) => this.ofAccounts(plainValues(operands), actor),
  };

  /** How many people belong to an organization, and how many of them have no second factor. */
  async countWithoutFactor(id: string, isHeld: (account: Sql) => Sql, tx: Transaction): Promise<WithoutFactor> {
    const [row] = await tx.query<WithoutFactor>(sql`
      SELECT count(*)::int AS accounts, count(*) FILTER (WHERE NOT ${isHeld(sql`owner.id`)})::int AS without_factor
      FROM memberships membership JOIN accounts owner ON owner.id = membership.account_id
      WHERE membership.organization_id = ${id} AND owner.kind = 'person'`);
    return row ?? { accounts: 0, without_factor: 0 };
  }

  /** How many accounts belong to an organization. */
  async countMembers(id: string, tx: Transaction): Promise<number> {
    const [row] = await tx.query<{ members: number }>(
      sql`SELECT count(*)::int AS members FROM memberships WHERE organization_id = ${id}`,
    );
    return row?.members ?? 0;
  }

  /**
   * Removes up to `limit` members of an organization, raises the version of their accounts, whose `role_scope`
   * changes with it, and returns their ids. The accounts are locked first, in the order of ids.
   */
  async removeMembers(id: string, limit: number, tx: Transaction): Promise<string[]> {
    const members = await tx.query<{ id: string }>(sql`
      UPDATE accounts SET version = version + 1, updated_at = now(),
        organization_ids = array_remove(organization_ids, ${id}::uuid) WHERE id IN (
        SELECT account.id FROM accounts account
        JOIN memberships membership ON membership.account_id = account.id
        WHERE membership.organization_id = ${id}
        ORDER BY membership.account_id LIMIT ${limit} FOR NO KEY UPDATE OF account) RETURNING id`);
    const ids = members.map((member) => member.id);
    if (ids.length === 0) return ids;
    await tx.query(sql`DELETE FROM memberships WHERE organization_id = ${id} AND account_id = ANY(${ids}::uuid[])`);
    return ids;
  }

  /** Marks an organization as deleted: from the commit on it is in no actor's scope. */
  async markDeleted(id: string, tx: Transaction): Promise<void> {
    await tx.query(sql`
      UPDATE organizations SET deletion_started_at = now(), updated_at = now(), version = version + 1 WHERE id = ${id}`);
  }

  /** Locks an organization that is marked as deleted, so that no membership can be added. */
  async lockDeleted(id: string, tx: Transaction): Promise<void> {
    await tx.query(sql`SELECT 1 FROM organizations WHERE id = ${id} FOR UPDATE`);
  }

  /** Matches nothing for an account that the actor may not read, since the result would reveal its organizations. */
  private ofAccounts(ids: unknown[], actor: Actor): Sql {
    return sql`row.id IN (
      SELECT membership.organization_id FROM memberships membership
      WHERE membership.account_id = ANY(${ids}::uuid[])
        AND membership.account_id IN (${this.readableIds('iam:accounts', actor)}))`;
  }
}
