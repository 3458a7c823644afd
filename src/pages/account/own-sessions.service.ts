import { Injectable } from '@nestjs/common';
import { AccountSessionResource } from '../../account-sessions/account-session.resource.js';
import { AccountSessionsService } from '../../account-sessions/account-sessions.service.js';
import type { Actor } from '../../auth/authorization/actor.js';
import { apiError } from '../../json-api/document/errors.js';
import { criteriaOf } from '../../json-api/query/criteria.parser.js';
import { IfMatch } from '../../json-api/write/write-document.js';

/** Maximum number of sessions on the page. */
const MAX_SHOWN = 10;

/** A session, as the page of the account shows it. */
export interface OwnSession {
  readonly id: string;
  readonly userAgent: string | null;
  readonly ip: string;
  readonly createdAt: Date;
  /** When it was last refreshed. */
  readonly updatedAt: Date;
  readonly current: boolean;
}

/** The sessions of the actor's own account, also for a role that may read those of all accounts. */
@Injectable()
export class OwnSessionsService {
  constructor(private readonly sessions: AccountSessionsService) {}

  /** The sessions that were used last, and how many there are. */
  async latest(actor: Actor): Promise<{ sessions: OwnSession[]; count: number }> {
    const criteria = criteriaOf(AccountSessionResource, {
      'filter[account_id]': actor.id,
      sort: '-current,-updated_at',
      'page[size]': String(MAX_SHOWN),
      count: 'true',
    });
    const { rows, count = 0 } = await this.sessions.index(actor, criteria);
    return { sessions: rows.map(({ id, attributes }) => sessionFrom(id, JSON.parse(attributes))), count };
  }

  /** Ends one. @throws ApiError 404 when it is not one of the actor's own; 403 */
  async end(actor: Actor, id: string): Promise<void> {
    const { row } = await this.sessions.show(actor, id, { fields: new Map(), include: [] });
    const isOwn = (JSON.parse(row.attributes) as Attributes).account_id === actor.id;
    if (!isOwn) throw apiError('not_found', 'There is no such session');
    await this.sessions.delete(actor, id, IfMatch.parse(undefined));
  }
}

/** The attributes of `iam:account_sessions`. */
interface Attributes {
  readonly account_id: string;
  readonly user_agent: string | null;
  readonly ip: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly current: boolean;
}

const sessionFrom = (id: string, attributes: Attributes): OwnSession => ({
  id,
  userAgent: attributes.user_agent,
  ip: attributes.ip,
  createdAt: new Date(attributes.created_at),
  updatedAt: new Date(attributes.updated_at),
  current: attributes.current,
});
