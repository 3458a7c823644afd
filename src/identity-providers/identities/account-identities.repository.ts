import { Injectable } from '@nestjs/common';
import type { Actor } from '../../auth/authorization/actor.js';
import { ResourceRepository } from '../../json-api/resource.repository.js';
import { sql, TRUE } from '../../json-api/sql/sql.js';
import type { AccountIdentity } from './account-identity.entity.js';
import { AccountIdentityResource } from './account-identity.resource.js';

/** The identities in an actor's scope. */
@Injectable()
export class AccountIdentitiesRepository extends ResourceRepository<AccountIdentity, Actor> {
  readonly resource = AccountIdentityResource;

  protected readonly scopeConditions = {
    '*': () => TRUE,
    own: (actor: Actor) => sql`row.account_id = ${actor.id}::uuid`,
    org: (actor: Actor) => sql`row.account_id IN (
      SELECT membership.account_id FROM memberships membership
      WHERE membership.organization_id = ANY(${actor.organizationIds}::uuid[]))`,
  };

  protected override readonly facts = {
    ownsAll: (actor: Actor) =>
      actor.can('iam:accounts', 'update', '*') ||
      sql`NOT EXISTS (
        SELECT 1 FROM memberships membership
        WHERE membership.account_id = row.account_id AND membership.organization_id <> ALL(${actor.organizationIds}::uuid[]))`,
  };

  protected override readonly computed = {
    provider: () => sql`(SELECT provider.slug FROM identity_providers provider WHERE provider.id = row.provider_id)`,
  };
}
