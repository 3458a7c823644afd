import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { command } from '../cli/command-line.js';
import { mailedToken } from '../accounts/mails.js';
import { startApp, type TestApp } from '../support/app.js';
import { document } from '../support/client.js';
import { databaseUrl, onServer, PREFIX, withClient } from '../support/database.js';
import { admin } from '../support/factories.js';
import { TestPooler } from '../support/pooler.js';

const PAGE = readFileSync('docs/operating.md', 'utf8');
const [, SECTION = ''] = /### Managed PostgreSQL and poolers\n(.*?)\n### /s.exec(PAGE) ?? [];
const blocks = (language: string): string[] =>
  [...SECTION.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map(([, text = '']) => text);

/** Of this run alone: roles and databases of one server are shared with other runs. */
const OWN = randomBytes(5).toString('hex');
const NAMES: Readonly<Record<string, string>> = {
  iam_owner: `iam_owner_${OWN}`,
  iam_app: `iam_app_${OWN}`,
  iam: `${PREFIX}${Date.now().toString(36)}_${OWN}`,
};
/** The text of the page with names and passwords of this run. */
const own = (text: string): string =>
  text
    .replace(/\b(iam_owner|iam_app|(?<=DATABASE )iam)\b/g, (name) => NAMES[name] ?? name)
    .replaceAll("'…'", `'${OWN}'`);
const as = (name: 'iam_owner' | 'iam_app'): string =>
  Object.assign(new URL(databaseUrl(NAMES['iam'] ?? '')), { username: NAMES[name], password: OWN }).href;

describe('Managed PostgreSQL and poolers, in docs/operating.md', () => {
  const [roles = '', grants = '', limits = ''] = blocks('sql').map(own);
  const [, settings = ''] = blocks('bash');
  let beside: TestApp;

  beforeAll(async () => {
    beside = await startApp();
  });
  afterAll(async () => {
    await beside.stop();
    await onServer(async (server) => {
      await server.query(`DROP DATABASE IF EXISTS "${NAMES['iam']}" WITH (FORCE)`);
      await server.query(`DROP ROLE IF EXISTS "${NAMES['iam_owner']}", "${NAMES['iam_app']}"`);
    });
  });

  it('leads to a service that works as a role without ownership, behind a pooler in transaction mode', async () => {
    expect(blocks('sql')).toHaveLength(3);
    // CREATE DATABASE wants to be alone.
    await onServer(async (server) => {
      for (const statement of roles.split(';\n').filter((text) => text !== '')) await server.query(statement);
    });
    const env = { NODE_ENV: 'test', DATABASE_URL: as('iam_app'), DATA_DIR: beside.config.dataDir };
    expect(blocks('bash')[0]).toMatch(/^DATABASE_DIRECT_URL=postgres:\/\/iam_owner:…@\S+ npm run iam -- migrate\n$/);
    const migrated = await command(['migrate'], { ...env, DATABASE_DIRECT_URL: as('iam_owner') });
    expect(migrated).toMatchObject({ exitCode: 0, out: expect.stringMatching(/Ran \d+ migrations/) });
    await withClient(as('iam_owner'), (client) => client.query(grants));
    await onServer((server) => server.query(limits));
    const pooler = await TestPooler.open(as('iam_app'), 'transaction');
    try {
      const variables: Record<string, string> = Object.fromEntries(
        settings
          .trim()
          .split('\n')
          .map((line) => line.split(/=(.*)/s).slice(0, 2)),
      );
      expect(Object.keys(variables)).toEqual(['DATABASE_URL', 'DATABASE_POOLER', 'DATABASE_DIRECT_URL']);
      const direct = { ...variables, DATABASE_URL: pooler.url, DATABASE_DIRECT_URL: as('iam_app') };
      const { out } = await command(['doctor'], { ...env, ...direct });
      expect(out).toMatch(
        /ok +database +It is connected by a transaction pooler and the direct URL, and the time limits of requests apply\./,
      );
      expect(out).toMatch(/ok +privileges +The role has every privilege that the service needs\./);
      const app = await startApp({ beside, env: { ...direct, MIGRATE_ON_START: 'false' } });
      try {
        const { post } = await admin(app);
        const email = `${randomUUID()}@example.com`;
        const invited = { name: 'Ada', email, role_name: 'user' };
        expect((await post('/accounts', document('iam:accounts', invited))).status).toBe(200);
        expect(await mailedToken(app, email)).toMatch(/^[\w-]{43}$/);
      } finally {
        await app.stop();
      }
    } finally {
      await pooler.close();
    }
  });
});
