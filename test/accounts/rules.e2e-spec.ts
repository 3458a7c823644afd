import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccountRules, type AccountCandidate, type AccountOccasion } from '../../src/accounts/account.rules.js';
import { AccountsModule } from '../../src/accounts/accounts.module.js';
import { FirstAdmin } from '../../src/accounts/admins/first-admin.js';
import { hashToken } from '../../src/auth/tokens/secrets.js';
import { Config } from '../../src/config/config.js';
import type { ErrorObject } from '../../src/json-api/document/errors.js';
import { attributeField, brokenRule } from '../../src/json-api/document/rules.js';
import { command } from '../cli/command-line.js';
import { startApp, type TestApp } from '../support/app.js';
import { document, errorsOf, send } from '../support/client.js';
import { databaseEnvironment } from '../support/database.js';
import { account, admin } from '../support/factories.js';

const ALLOWED = 'acme.example';

/** Accounts have addresses of one domain. */
class OneDomain extends AccountRules {
  override errors(candidate: AccountCandidate, occasion: AccountOccasion): ErrorObject[] {
    const errors = super.errors(candidate, occasion);
    const { email } = candidate;
    if (email === undefined || email.endsWith(`@${ALLOWED}`)) return errors;
    const rule = { text: '{name} must be an address of {allowed}' };
    return [...errors, brokenRule(['foreign_domain', rule], attributeField('email'), { allowed: ALLOWED })];
  }
}

const extension = {
  replacements: [{ in: AccountsModule, providers: [{ provide: AccountRules, useClass: OneDomain }] }],
};
const DETAIL = 'email must be an address of acme.example';

describe('Rules of accounts that replace those of the service', () => {
  let app: TestApp;
  let env: Record<string, string>;

  beforeAll(async () => {
    app = await startApp({ extension });
    env = { ...databaseEnvironment(app.databaseUrl), DATA_DIR: app.config.dataDir, NODE_ENV: 'test' };
  });
  afterAll(() => app.stop());

  it('are asked by a create, besides its own', async () => {
    const { post } = await admin(app);
    const create = (email: string) =>
      post('/accounts', document('iam:accounts', { email, role_name: 'none', role_scope: {} }));
    expect(errorsOf(await create('jane@other.example'))).toEqual([
      '422 validation_failed /data/attributes/role_name',
      '422 validation_failed /data/attributes/email',
    ]);
  });

  it('are asked when an invitation is accepted, and errors point into the body', async () => {
    const invite = (email: string, token: string) =>
      account(app, { email, joined: false, invitation: { hash: hashToken(token), expiresAt: '2999-01-01' } });
    await invite('early@other.example', 'early');
    await invite(`late@${ALLOWED}`, 'late');
    const join = (token: string) =>
      send(app, 'PATCH', `/accounts/${token}/join`, { body: { password: 'Correct-horse-7' } });
    const rejected = await join('early');
    expect(errorsOf(rejected)).toEqual(['422 validation_failed /email']);
    expect(rejected.body.errors[0]).toMatchObject({ meta: { rule: 'foreign_domain', allowed: ALLOWED } });
    expect(errorsOf(await join('late'))).toEqual([]);
  });

  it('are asked by the import, line by line', async () => {
    const lines = ['a@other.example', `b@${ALLOWED}`].map((email) => `${JSON.stringify({ name: 'A', email })}\n`);
    const { err, out } = await command(['accounts', 'import', '-', '--skip-invalid'], env, lines.join(''), extension);
    expect(err).toContain(`Line 1: ${DETAIL}`);
    expect(out).toMatch(/^Added 1 account,/);
  });

  it('are asked by create-admin', async () => {
    const create = (email: string) => command(['create-admin', '--email', email], env, 'Wooden-spoon-4', extension);
    expect(await create('root@other.example')).toMatchObject({ exitCode: 1, err: `${DETAIL}\n` });
    expect(await create(`root@${ALLOWED}`)).toMatchObject({ exitCode: 0, err: '' });
  });

  it('are asked about the e-mail of the first admin before a production start', async () => {
    await app.sql('DELETE FROM installation');
    const first = app.nest.get(FirstAdmin, { strict: false });
    Object.assign(first, { config: new Config({ ...app.config, environment: 'production' }) });
    await expect(first.onApplicationBootstrap()).rejects.toThrow(`ADMIN_EMAIL: ${DETAIL}`);
  });
});
