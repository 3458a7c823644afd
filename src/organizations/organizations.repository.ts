import { Injectable } from '@nestjs/common';
import type { Actor } from '../auth/actor.js';
import { plainValues, type Operands } from '../json-api/operators.js';
import { ScopedRepository } from '../json-api/scoped.repository.js';
import { sql, TRUE, type Sql } from '../json-api/sql.js';
import type { Transaction } from '../json-api/transaction.js';
import type { Organization } from './organization.entity.js';
import { OrganizationResource } from './organization.resource.js';

/** The rows of organizations, as far as a caller reaches. */
@Injectable()
export class OrganizationsRepository extends ScopedRepository<Organization, Actor> {
  readonly resource = OrganizationResource;

  protected readonly reach = {
    '*': () => TRUE,
    org: (actor: Actor) => sql`row.id = ANY(${actor.organizationIds}::uuid[])`,
  };

  protected override readonly filters = {
    account_id: (operands: Operands, actor: Actor) => this.ofAccounts(plainValues(operands), actor),
  };

  /**
   * Raises the version of every account in an organization, whose `role_scope` is about to change with the deletion,
   * and gives their ids.
   */
  async touchAccounts(organizationId: string, tx: Transaction): Promise<string[]> {
    const touched = await tx.query<{ id: string }>(sql`
      UPDATE accounts SET version = version + 1, updated_at = now() WHERE id IN (
        SELECT account.id FROM accounts account
        JOIN memberships membership ON membership.account_id = account.id
        WHERE membership.organization_id = ${organizationId}
        ORDER BY account.id FOR NO KEY UPDATE OF account) RETURNING id`);
    return touched.map(({ id }) => id);
  }

  /** Naming an account that the caller may not read finds nothing: else it would tell where that account belongs. */
  private ofAccounts(ids: unknown[], actor: Actor): Sql {
    return sql`row.id IN (
      SELECT membership.organization_id FROM memberships membership
      WHERE membership.account_id = ANY(${ids}::uuid[])
        AND membership.account_id IN (${this.readableIds('iam:accounts', actor)}))`;
  }
}
