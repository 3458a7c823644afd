import { Injectable } from '@nestjs/common';
import type { Actor } from '../auth/authorization/actor.js';
import { Roles } from '../auth/authorization/roles.js';
import { DataSource } from 'typeorm';
import type { Action } from '../json-api/resource/resource-definition.js';
import { type Operands, plainValues } from '../json-api/sql/operators.js';
import { ResourceRegistry } from '../json-api/resource/registry.js';
import { ResourceRepository } from '../json-api/resource.repository.js';
import { and, FALSE, isUuid, Parameter, raw, type Sql, sql, type Transaction, TRUE } from '../json-api/sql/sql.js';
import { invitationExpiry } from '../one-time-tokens/one-time-tokens.repository.js';
import { lastResetExpiryIs, resetTokenIs } from '../one-time-tokens/reset-token-filters.repository.js';
import type { Account } from './account.entity.js';
import { AccountResource } from './account.resource.js';
import { emailContains, hasWords } from './account-search.repository.js';

/** Whether an account is an enabled admin, a person who can sign in: a condition on `accounts`, to which its columns belong. */
export const isAdmin = (fullAccessNames: readonly string[]): Sql =>
  sql`(enabled AND kind = 'person' AND role_name = ANY(${fullAccessNames}::text[]))`;

/**
 * Whether there is another enabled admin than `row`, as a condition. A matter of the database only for an actor who is no
 * admin and may change one.
 */
function anotherAdmin({ role, apiKeyId }: Actor, roles: Pick<Roles, 'get' | 'fullAccessNames'>): Sql | boolean {
  const names = roles.fullAccessNames();
  if ((role.everything && apiKeyId === null) || names.every((name) => (roles.get(name)?.rank ?? 0) > role.rank))
    return true;
  return sql`EXISTS (SELECT 1 FROM accounts WHERE ${isAdmin(names)} AND id <> row.id)`;
}

/** The accounts in an actor's scope. */
@Injectable()
export class AccountsRepository extends ResourceRepository<Account, Actor> {
  readonly resource = AccountResource;

  protected readonly scopeConditions = {
    '*': () => TRUE,
    own: (actor: Actor) => sql`row.id = ${actor.id}::uuid`,
    org: (actor: Actor) => sql`row.id IN (
      SELECT membership.account_id FROM memberships membership
      WHERE membership.organization_id = ANY(${actor.organizationIds}::uuid[]))`,
  };

  protected override readonly computed = { roleScope: (actor: Actor) => this.roleScope(actor) };

  protected override readonly facts = {
    ownsAll: (actor: Actor) =>
      (['create', 'update', 'delete'] as const).every((action) => actor.can('iam:accounts', action, '*')) ||
      sql`NOT EXISTS (
        SELECT 1 FROM memberships membership
        WHERE membership.account_id = row.id AND membership.organization_id <> ALL(${actor.organizationIds}::uuid[]))`,
    anotherAdmin: (actor: Actor) => anotherAdmin(actor, this.roles),
  };

  protected override readonly filters = {
    search: hasWords,
    email__match: emailContains,
    role_scope: (operands: Operands, actor: Actor) => this.scopeIs(operands, actor),
    with_role_scope: (operands: Operands, actor: Actor) => this.withRoleScope(operands, actor),
    password_reset_token: (operands: Operands) => resetTokenIs(sql`row.id`, operands),
    password_reset_token_expires_at: (operands: Operands) => lastResetExpiryIs(sql`row.id`, operands),
  };

  constructor(
    dataSource: DataSource,
    registry: ResourceRegistry,
    private readonly roles: Roles,
  ) {
    super(dataSource, registry);
  }

  /** The role of an account in the actor's scope for the action; null when there is none. Does not lock the row. */
  async roleNameInScope(actor: Actor, action: Action, id: string, tx: Transaction): Promise<string | null> {
    const [row] = await tx.query<{ role_name: string }>(sql`
      SELECT row.role_name FROM accounts row WHERE row.id = ${id} AND (${this.scopeCondition(actor, action)})`);
    return row?.role_name ?? null;
  }

  /** Sets the expiry of an account's new invitation; see `invitationExpiry`. */
  async markInvited(id: string, tx: Transaction): Promise<void> {
    await tx.query(sql`
      UPDATE accounts SET invitation_expired_at = ${raw(invitationExpiry())}, version = version + 1, updated_at = now()
      WHERE id = ${id}`);
  }

  /**
   * Locks an enabled account that has not joined yet, and marks it as joined. Returns its id, or null when there is none.
   * @param id a subquery that returns the account's id
   */
  async markJoined(id: Sql, name: string | null, tx: Transaction): Promise<string | null> {
    const [row] = await tx.query<{ id: string }>(sql`
      UPDATE accounts SET joined_at = now(), invitation_expired_at = NULL, name = coalesce(${name}, name),
        version = version + 1, updated_at = now()
      WHERE id = ${id} AND joined_at IS NULL AND enabled RETURNING id`);
    return row?.id ?? null;
  }

  /** All organizations of an account, including those that the actor may not read. */
  async organizationIdsOf(accountId: string, tx: Transaction): Promise<string[]> {
    const rows = await tx.query<{ id: string }>(sql`
      SELECT organization_id AS id FROM memberships WHERE account_id = ${accountId} ORDER BY organization_id`);
    return rows.map(({ id }) => id);
  }

  /** The ids of the organizations that the actor may read. */
  async readableOrganizations(ids: readonly string[], actor: Actor, tx: Transaction): Promise<Set<string>> {
    const rows = await tx.query<{ id: string }>(sql`
      SELECT row.id FROM organizations row
      WHERE row.id = ANY(${ids}::uuid[]) AND row.id IN (${this.readableIds('iam:organizations', actor)})`);
    return new Set(rows.map(({ id }) => id));
  }

  /** Adds an account to organizations and removes it from others. */
  async changeMemberships(
    accountId: string,
    { add, remove }: { add: readonly string[]; remove: readonly string[] },
    tx: Transaction,
  ): Promise<void> {
    if (remove.length > 0) {
      await tx.query(
        sql`DELETE FROM memberships WHERE account_id = ${accountId} AND organization_id = ANY(${remove}::uuid[])`,
      );
    }
    if (add.length > 0) {
      // In the order of ids, so that two of these cannot wait for each other's foreign key locks in a circle.
      await tx.query(sql`
        INSERT INTO memberships (account_id, organization_id)
        SELECT ${accountId}::uuid, id FROM unnest(${add}::uuid[]) AS added(id) ORDER BY id
        ON CONFLICT DO NOTHING`);
    }
  }

  /**
   * `org` is the sorted set of the organizations that the actor may read, and missing when there are none. It comes out of
   * the account's own copy of its memberships, since looking these up takes three times as long.
   */
  private roleScope(actor: Actor): Sql {
    if (actor.can('iam:organizations', 'read', '*')) return scopeWith(sql`row.organization_ids`);
    // OFFSET keeps PostgreSQL from computing the ids once for each time that they are named.
    return sql`(
      SELECT ${scopeWith(sql`readable.ids`)}
      FROM (SELECT ARRAY(
        SELECT id FROM unnest(row.organization_ids) AS id
        WHERE id IN (${this.readableIds('iam:organizations', actor)}) ORDER BY id
      ) AS ids OFFSET 0) readable)`;
  }

  private isReadable(actor: Actor): Sql {
    // An actor that may read all organizations needs no condition: the foreign key guarantees that each exists.
    if (actor.can('iam:organizations', 'read', '*')) return TRUE;
    return sql`membership.organization_id IN (${this.readableIds('iam:organizations', actor)})`;
  }

  /**
   * Equality with the `role_scope` that the actor sees, without the expression of {@link roleScope}, which no index
   * knows: an account has this `org` when it belongs to each of the organizations and to no other.
   */
  private scopeIs(operands: Operands, actor: Actor): Sql {
    const scope = objectIn(operands);
    if (!scope || !(scope.org === undefined || isSortedSet(scope.org))) return FALSE;
    const { org = [], ...extra } = scope;
    return and([
      sql`row.role_scope_extra = ${JSON.stringify(extra)}::jsonb`,
      this.withRoleScope(operands, actor),
      sql`NOT EXISTS (
        SELECT 1 FROM memberships membership WHERE membership.account_id = row.id
          AND membership.organization_id <> ALL(${org}::uuid[]) AND ${this.isReadable(actor)})`,
    ]);
  }

  /**
   * Containment (`@>`) with `org` looked up in the memberships, where it is stored and indexed. A value that is not a
   * list of ids matches no account.
   */
  private withRoleScope(operands: Operands, actor: Actor): Sql {
    const scope = objectIn(operands);
    if (!scope) return FALSE;
    const { org, ...extra } = scope;
    const conditions =
      Object.keys(extra).length > 0 ? [sql`row.role_scope_extra @> ${JSON.stringify(extra)}::jsonb`] : [];
    if (org === undefined) return and(conditions);
    const ids = [org].flat();
    if (!ids.every(isUuid)) return FALSE;
    return and([...conditions, ids.length === 0 ? this.belongsAnywhere(actor) : this.belongsToAll(ids, actor)]);
  }

  private belongsAnywhere(actor: Actor): Sql {
    return sql`EXISTS (
      SELECT 1 FROM memberships membership WHERE membership.account_id = row.id AND ${this.isReadable(actor)})`;
  }

  /**
   * Membership in each of the organizations, in one text for every number of them: PostgreSQL starts from the members of
   * one, and counts for each whether they belong to the others too. Of one id it drops the count when it plans.
   */
  private belongsToAll(ids: readonly string[], actor: Actor): Sql {
    const distinct = [...new Set(ids.map((id) => id.toLowerCase()))];
    const all = sql`${new Parameter(distinct)}::uuid[]`;
    return and([
      sql`row.id IN (
        SELECT membership.account_id FROM memberships membership
        WHERE membership.organization_id = (${all})[1] AND ${this.isReadable(actor)})`,
      sql`CASE WHEN cardinality(${all}) = 1 THEN TRUE ELSE cardinality(${all}) = (
        SELECT count(*) FROM memberships membership
        WHERE membership.account_id = row.id AND membership.organization_id = ANY(${all})
          AND ${this.isReadable(actor)}) END`,
    ]);
  }
}

/** `role_scope` with these ids as its `org`: text at once, since ids need no escapes. */
function scopeWith(ids: Sql): Sql {
  return sql`CASE
    WHEN ${ids} = '{}' THEN row.role_scope_extra::text
    WHEN row.role_scope_extra = '{}' THEN '{"org":["' || array_to_string(${ids}, '","') || '"]}'
    ELSE (row.role_scope_extra || jsonb_build_object('org', ${ids}))::text END`;
}

/** The JSON object of a filter; undefined where it is something else. */
function objectIn(operands: Operands): Record<string, unknown> | undefined {
  const [text] = plainValues(operands);
  const value: unknown = text === undefined ? null : JSON.parse(String(text));
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

/** Whether it is an `org` as actors see it: ids in their order, none twice, and never an empty list. */
function isSortedSet(org: unknown): org is readonly string[] {
  if (!Array.isArray(org) || org.length === 0) return false;
  const ids: unknown[] = org;
  return ids.every((id, i) => isUuid(id) && id === id.toLowerCase() && (i === 0 || id > String(ids[i - 1])));
}
