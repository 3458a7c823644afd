import test from 'node:test';
import { contractTests, type Fixture, startIam } from 'iam/testing';
import { extension } from '../extension.js';
import { Team } from './team.entity.js';

/** All that the contract tests ask of a new resource: a row. */
const team: Fixture = async ({ create }, n) => {
  const { id: organizationId } = await create.organization();
  const createdAt = new Date(Date.UTC(2026, n));
  const { id } = await create.row(Team, { name: `Team no. ${n}`, organizationId, createdAt });
  return id;
};

contractTests({
  start: () => startIam({ extension, roles: new URL('../../roles.yml', import.meta.url) }),
  fixtures: { 'iam:teams': team },
  runner: test,
});
