import { Injectable } from '@nestjs/common';
import type { Actor } from '../auth/authorization/actor.js';
import { SessionStore } from '../auth/sessions/session.store.js';
import { ApiError, apiError } from '../json-api/document/errors.js';
import type { Item } from '../json-api/document/response.js';
import type { Selection } from '../json-api/query/criteria.js';
import type { IfMatch } from '../json-api/write/write-document.js';
import { type Deletion, ResourceService, ResourceTools } from '../json-api/resource.service.js';
import type { AccountSession } from './account-session.entity.js';
import { AccountSessionsRepository } from './account-sessions.repository.js';

/** What an API key cannot reach is forbidden whether it exists or not, so that the error reveals nothing. */
async function ownOnly<Result>({ apiKeyId }: Actor, result: Promise<Result>): Promise<Result> {
  try {
    return await result;
  } catch (error) {
    if (apiKeyId === null || !(error instanceof ApiError) || error.status !== 404) throw error;
    throw apiError('forbidden', 'API keys reach the sessions of their own account only');
  }
}

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

  /** @throws ApiError 404; 403 for an API key that asks for the session of another account, or for none */
  override show(actor: Actor, id: string, selection: Selection): Promise<Item> {
    return ownOnly(actor, super.show(actor, id, selection));
  }

  /** @throws ApiError 404, 412; 403 for an API key, as `show` */
  override delete(actor: Actor, id: string, ifMatch: IfMatch): Promise<void> {
    return ownOnly(actor, super.delete(actor, id, ifMatch));
  }

  /** Publishes the end of the session to every instance. Expired sessions are out of scope, so the session was alive. */
  protected override async afterDelete({ actor, row, tx }: Deletion<Actor, AccountSession>): Promise<void> {
    const session = { accountId: row.accountId, sessionId: row.id };
    await this.sessions.ended(tx, session, { reason: 'session_deleted', actorId: actor.id });
  }
}
