import { Module } from '@nestjs/common';
import { FirstTeam } from './first-team.js';
import { TeamJoinedMailer } from './team-joined.mailer.js';
import { TeamsController } from './teams.controller.js';
import { TeamsRepository } from './teams.repository.js';
import { TeamsService } from './teams.service.js';

/** Teams of organizations. */
@Module({ controllers: [TeamsController], providers: [TeamsRepository, TeamsService, FirstTeam, TeamJoinedMailer] })
export class TeamsModule {}
