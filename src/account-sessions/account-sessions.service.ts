import { Injectable } from '@nestjs/common';
import type { Actor } from '../auth/authorization/actor.js';
import { SessionStore } from '../auth/sessions/session.store.js';
import { type Deletion, ResourceService, ResourceTools } from '../json-api/resource.service.js';
import type { AccountSession } from './account-session.entity.js';
import { AccountSessionsRepository } from './account-sessions.repository.js';

/** Reads and deletes sessions. They are created by signing in, not through this resource. */
@Injectable()
export class AccountSessionsService extends ResourceService<AccountSession, Actor, object> {
  constructor(
    rows: AccountSessionsRepository,
    tools: ResourceTools,
    private readonly sessions: SessionStore,
  ) {
    super(rows, tools);
  }

  /** Publishes the end of the session to every instance. Expired sessions are out of scope, so the session was alive. */
  protected override async afterDelete({ actor, row, tx }: Deletion<Actor, AccountSession>): Promise<void> {
    const session = { accountId: row.accountId, sessionId: row.id };
    await this.sessions.ended(tx, session, { reason: 'session_deleted', actorId: actor.id });
  }
}
