import { type Extension, PasswordPolicy, PasswordsModule } from 'iam';
import { Teams1764100000000 } from './migrations/1764100000000-teams.js';
import { StrictPasswordPolicy } from './teams/strict-password.policy.js';
import { Team, TeamMember } from './teams/team.entity.js';
import { TeamsModule } from './teams/teams.module.js';

/** What this team adds to the service; package.json names this file, once it is built. */
export const extension: Extension = {
  modules: [TeamsModule],
  entities: [Team, TeamMember],
  migrations: [Teams1764100000000],
  actions: ['iam:teams.member_added'],
  replacements: [{ in: PasswordsModule, providers: [{ provide: PasswordPolicy, useClass: StrictPasswordPolicy }] }],
};
