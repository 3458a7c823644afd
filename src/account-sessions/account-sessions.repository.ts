import { Injectable } from '@nestjs/common';
import type { Actor } from '../auth/authorization/actor.js';
import { ResourceRepository } from '../json-api/resource.repository.js';
import { and, sql, TRUE, type Sql } from '../json-api/sql/sql.js';
import type { AccountSession } from './account-session.entity.js';
import { AccountSessionResource } from './account-session.resource.js';

/** Excludes expired sessions whose rows have not been swept yet. */
const alive = (condition: Sql): Sql => and([sql`row.expires_at > now()`, condition]);

const ofAccount = (actor: Actor): Sql => sql`row.account_id = ${actor.id}::uuid`;

/** The condition of a scope; that of an API key reaches no further than its own account. */
const ofPeople =
  (condition: (actor: Actor) => Sql) =>
  (actor: Actor): Sql =>
    alive(actor.apiKeyId === null ? condition(actor) : ofAccount(actor));

/** The sessions in an actor's scope; in that of an API key those of its own account, whatever its permissions. */
@Injectable()
export class AccountSessionsRepository extends ResourceRepository<AccountSession, Actor> {
  readonly resource = AccountSessionResource;

  protected readonly scopeConditions = {
    '*': ofPeople(() => TRUE),
    own: ofPeople(ofAccount),
    org: ofPeople(
      ({ organizationIds }) => sql`row.account_id IN (
        SELECT membership.account_id FROM memberships membership
        WHERE membership.organization_id = ANY(${organizationIds}::uuid[]))`,
    ),
  };

  protected override readonly computed = {
    current: (actor: Actor) => sql`(row.id IS NOT DISTINCT FROM ${actor.sessionId}::uuid)`,
  };
}
