import { Injectable } from '@nestjs/common';
import {
  type Actor,
  apiError,
  attributePointer,
  Audit,
  type CreateAttributes,
  type ErrorObject,
  isUuid,
  ResourceService,
  ResourceTools,
  type Restrictions,
  type Write,
} from 'iam';
import { TeamJoinedMailer } from './team-joined.mailer.js';
import type { Team } from './team.entity.js';
import type { TeamResource } from './team.resource.js';
import { TeamsRepository } from './teams.repository.js';

declare module 'iam' {
  interface OwnActions {
    /** `details.account_id` joined the team. */
    'iam:teams.member_added': true;
  }
}

type TeamWrite = Write<Actor, Team, CreateAttributes<Team, typeof TeamResource.rules>>;

const isFirstTeam = (name?: string): boolean => name?.toLowerCase() === 'everybody';

/** Teams: the five verbs are inherited; what is special about a team stands here. */
@Injectable()
export class TeamsService extends ResourceService<Team, Actor, TeamWrite['values']> {
  constructor(
    private readonly teams: TeamsRepository,
    private readonly joined: TeamJoinedMailer,
    private readonly audit: Audit,
    tools: ResourceTools,
  ) {
    super(teams, tools);
  }

  /** A rule on rows: the first team stays. Writes are rejected by it, and `meta.can` is computed from it. */
  protected override restrict(_actor: Actor, { name }: Team): Restrictions {
    const stays = 'This team stays as long as its organization';
    return isFirstTeam(name) ? { delete: stays, attributes: { name: stays } } : {};
  }

  /** A hook before a write: some names are taken. */
  protected override async check({ values }: TeamWrite): Promise<ErrorObject[]> {
    if (!isFirstTeam(values.name)) return [];
    return [{ code: 'validation_failed', detail: 'name is reserved', source: attributePointer('name') }];
  }

  /** A hook after a write, in the same transaction: the founder becomes a member. */
  protected override async after({ actor, row, tx }: TeamWrite, id: string): Promise<void> {
    if (row === null) await this.teams.addFounder(id, actor.id, tx);
  }

  /** An extra action. @throws ApiError 404 out of the actor's scope, 422 for an account of another organization */
  addMember(actor: Actor, id: string, accountId: string): Promise<void> {
    return this.transactions.run(async (tx) => {
      const team = await this.teams.lock(actor, 'add_member', id, tx);
      const added = isUuid(accountId) && (await this.teams.addMember(team, accountId, tx));
      if (!added)
        throw apiError('validation_failed', 'The account is not in the organization', { pointer: '/account_id' });
      const target = { type: 'iam:teams', id };
      const details = { account_id: accountId };
      await this.audit.record(tx, { action: 'iam:teams.member_added', actorId: actor.id, target, details });
      await this.joined.queue(tx, accountId, id);
    });
  }
}
