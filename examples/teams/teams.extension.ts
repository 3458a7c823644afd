import type { Extension } from '../../src/app.extension.js';
import { PasswordPolicy } from '../../src/passwords/policy/password.policy.js';
import { PasswordsModule } from '../../src/passwords/passwords.module.js';
import { Teams1764100000000 } from './migrations/1764100000000-teams.js';
import { StrictPasswordPolicy } from './strict-password.policy.js';
import { Team, TeamMember } from './team.entity.js';
import { TeamsModule } from './teams.module.js';

/** What this team adds to the service: `createApp(config, teams)`. */
export const teams: Extension = {
  modules: [TeamsModule],
  entities: [Team, TeamMember],
  migrations: [Teams1764100000000],
  actions: ['iam:teams.member_added'],
  replacements: [{ in: PasswordsModule, providers: [{ provide: PasswordPolicy, useClass: StrictPasswordPolicy }] }],
};
