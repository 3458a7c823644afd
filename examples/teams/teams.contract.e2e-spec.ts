import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { contractTests, type Fixture } from '../../src/testing/index.js';
import { FIXTURES } from '../../test/resources/fixtures.js';
import { startTestIam } from '../../test/support/kit.js';
import { extension as teams } from './src/extension.js';
import { Team } from './src/teams/team.entity.js';

/** All that the contract tests ask of a new resource: a row. */
const team: Fixture = async ({ create }, n) => {
  const { id: organizationId } = await create.organization();
  const createdAt = new Date(Date.UTC(2026, n));
  const { id } = await create.row(Team, { name: `Team no. ${n}`, organizationId, createdAt });
  return id;
};

describe('The contract of every resource, with teams among them', () => {
  const ROLES_FILE = fileURLToPath(new URL('./roles.yml', import.meta.url));
  contractTests({
    start: () => startTestIam({ extension: teams, env: { ROLES_FILE } }),
    fixtures: { ...FIXTURES, 'iam:teams': team },
    runner: { describe, it, beforeAll, afterAll },
  });
});
