import { Module, type OnModuleInit } from '@nestjs/common';
import { PersonalData } from 'iam';
import { FirstTeam } from './first-team.js';
import { TeamJoinedMailer } from './team-joined.mailer.js';
import { TeamsController } from './teams.controller.js';
import { TeamsRepository } from './teams.repository.js';
import { TeamsService } from './teams.service.js';

/** Teams of organizations. */
@Module({ controllers: [TeamsController], providers: [TeamsRepository, TeamsService, FirstTeam, TeamJoinedMailer] })
export class TeamsModule implements OnModuleInit {
  constructor(private readonly data: PersonalData) {}

  /** Exports of an account include its teams. */
  onModuleInit(): void {
    this.data.register({ table: 'team_members', key: 'team_id', accounts: { account_id: [] } });
  }
}
