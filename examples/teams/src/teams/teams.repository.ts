import { Injectable } from '@nestjs/common';
import { type Actor, type Operands, plainValues, ResourceRepository, sql, type Transaction, TRUE } from 'iam';
import type { Team } from './team.entity.js';
import { TeamResource } from './team.resource.js';

/** The rows of teams, limited to the actor's scope. */
@Injectable()
export class TeamsRepository extends ResourceRepository<Team, Actor> {
  readonly resource = TeamResource;

  protected readonly scopeConditions = {
    '*': () => TRUE,
    org: (actor: Actor) => sql`row.organization_id = ANY(${actor.organizationIds}::uuid[])`,
    own: (actor: Actor) =>
      sql`row.id IN (SELECT member.team_id FROM team_members member WHERE member.account_id = ${actor.id})`,
  };

  /** An own filter. Naming an account that the actor may not read finds nothing. */
  protected override readonly filters = {
    member_id: (operands: Operands, actor: Actor) => sql`row.id IN (
      SELECT member.team_id FROM team_members member
      WHERE member.account_id = ANY(${plainValues(operands)}::uuid[])
        AND member.account_id IN (${this.readableIds('iam:accounts', actor)}))`,
  };

  /** Adds the account that created the team. */
  async addFounder(id: string, accountId: string, tx: Transaction): Promise<void> {
    await tx.query(sql`INSERT INTO team_members (team_id, account_id) VALUES (${id}, ${accountId})`);
  }

  /** Puts an account of the team's organization into the team; false when the account is not one of them. */
  async addMember({ id, organizationId }: Team, accountId: string, tx: Transaction): Promise<boolean> {
    const found = await tx.query(sql`
      INSERT INTO team_members (team_id, account_id)
      SELECT ${id}, membership.account_id FROM memberships membership
      WHERE membership.account_id = ${accountId}::uuid AND membership.organization_id = ${organizationId}
      ON CONFLICT (team_id, account_id) DO UPDATE SET account_id = excluded.account_id RETURNING account_id`);
    return found.length > 0;
  }
}
