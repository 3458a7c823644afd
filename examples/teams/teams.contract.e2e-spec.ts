import { fileURLToPath } from 'node:url';
import { describe } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { contractOf } from '../../test/resources/contract.js';
import { FIXTURES, type Factory } from '../../test/resources/fixtures.js';
import { organization } from '../../test/support/factories.js';
import { teams } from './teams.extension.js';

/** All that the contract tests ask of a new resource: a row. */
const team: Factory = async (app, n) => {
  const row = [uuidv7(), `Team no. ${n}`, await organization(app), new Date(Date.UTC(2026, n))];
  await app.sql('INSERT INTO teams (id, name, organization_id, created_at) VALUES ($1, $2, $3, $4)', row);
  return String(row[0]);
};

describe('The contract of every resource, with teams among them', () => {
  const ROLES_FILE = fileURLToPath(new URL('./roles.yml', import.meta.url));
  contractOf({ extension: teams, env: { ROLES_FILE } }, { ...FIXTURES, 'iam:teams': team });
});
