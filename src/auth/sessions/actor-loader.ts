import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { sql } from '../../json-api/sql/sql.js';
import { ActorCache } from './actor-cache.js';
import { Actor, type RoleScope } from '../authorization/actor.js';
import { Roles } from '../authorization/roles.js';

interface Row {
  expires_at: Date;
  email: string;
  name: string;
  picture_url: string | null;
  role_name: string;
  role_scope_extra: RoleScope;
  organization_ids: string[];
}

/** Finds out who stands behind a session: out of memory in the steady state, else out of the database. */
@Injectable()
export class ActorLoader {
  constructor(
    private readonly database: DataSource,
    private readonly roles: Roles,
    private readonly cache: ActorCache,
  ) {}

  /**
   * The actor of a session, at once out of memory or by one query; null when the session ended, its account is disabled or another one, or its
   * role does not stand in the roles file any more.
   * @throws what the driver throws when the database does not answer; a caller must deny then
   */
  load(sessionId: string, accountId: string): Actor | Promise<Actor | null> {
    return this.cache.get(sessionId, accountId) ?? this.query(sessionId, accountId);
  }

  private async query(sessionId: string, accountId: string): Promise<Actor | null> {
    const mark = this.cache.mark();
    const row = await this.find(sessionId, accountId);
    const role = row && this.roles.get(row.role_name);
    if (!role) return null;
    const actor = new Actor({
      id: accountId,
      sessionId,
      email: row.email,
      name: row.name,
      pictureUrl: row.picture_url,
      role,
      organizationIds: row.organization_ids,
      roleScopeExtra: row.role_scope_extra,
    });
    this.cache.put(actor, row.expires_at, mark);
    return actor;
  }

  private async find(sessionId: string, accountId: string): Promise<Row | undefined> {
    const { text, values } = sql`
      SELECT session.expires_at, account.email, account.name, account.picture_url, account.role_name, account.role_scope_extra,
             ARRAY(
               SELECT membership.organization_id::text FROM memberships membership
               WHERE membership.account_id = account.id AND NOT EXISTS (
                 SELECT FROM organizations organization
                 WHERE organization.id = membership.organization_id AND organization.deletion_started_at IS NOT NULL)
             ) AS organization_ids
      FROM account_sessions session
      JOIN accounts account ON account.id = session.account_id
      WHERE session.id = ${sessionId} AND account.id = ${accountId}
        AND session.expires_at > now() AND account.enabled`.compile();
    const [row] = await this.database.query<Row[]>(text, values);
    return row;
  }
}
