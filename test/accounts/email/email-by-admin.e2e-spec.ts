import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { command } from '../../cli/command-line.js';
import { ageSignIn } from '../../sign-in/sessions.js';
import { startApp, type TestApp } from '../../support/app.js';
import { as, document, errorsOf, type ApiClient } from '../../support/client.js';
import { databaseEnvironment } from '../../support/database.js';
import { account, admin, organization, PASSWORD, signedIn, signIn } from '../../support/factories.js';
import { mailedToken, mailsTo, tokenIn } from '../mails.js';
import { changed, confirm, emailOf, newAddress, revert } from './email-app.js';

let app: TestApp;
let root: ApiClient & { id: string };

beforeAll(async () => {
  app = await startApp();
  root = await admin(app);
});
afterAll(() => app.stop());

describe('Changing the e-mail of another account', () => {
  it('waits for the new e-mail to prove itself, and notifies the former one, which cannot take it back', async () => {
    const user = await account(app);
    const email = newAddress();
    const response = await root.post(`/accounts/${user.id}/email`, { email });
    expect([response.status, response.text]).toEqual([204, '']);
    const token = await mailedToken(app, email);
    expect(await emailOf(app, user.id)).toBe(user.email);
    expect((await confirm(app, token)).status).toBe(204);
    expect(await emailOf(app, user.id)).toBe(email);
    const [notice] = await mailsTo(app, user.email);
    expect(notice?.parsed.text).toContain('An administrator gave your account');
    expect(notice?.parsed.text).not.toContain('token=');
    expect(errorsOf(await revert(app, token))).toEqual(['404 invalid_token']);
    const [event] = await app.sql(
      `SELECT actor_id FROM audit_events WHERE action = 'iam:accounts.email_changed' AND target_id = $1`,
      [user.id],
    );
    expect(event).toEqual({ actor_id: root.id });
    expect((await root.post('/accounts', document('iam:accounts', { email: user.email }))).status).toBe(200);
  });

  it('is the right of who updates the account, outranks it and owns all its organizations', async () => {
    const [red, blue] = [await organization(app), await organization(app)];
    const owner = await signedIn(app, { role: 'org_owner', org: [red] });
    const of = async (org: string[], role = 'user'): Promise<string> => (await account(app, { org, role })).id;
    const ask = async (id: string, client: ApiClient = owner) =>
      errorsOf(await client.post(`/accounts/${id}/email`, { email: newAddress() }))[0] ?? '204';
    expect(await ask(await of([red]))).toBe('204');
    expect(await ask(await of([red, blue]))).toBe('403 forbidden');
    expect(await ask(await of([red], 'org_owner'))).toBe('403 forbidden');
    expect(await ask(await of([blue]))).toBe('404 not_found');
    expect(await ask(owner.account.id)).toBe('403 forbidden');
    expect(await ask(await of([], 'admin'), root)).toBe('403 forbidden');
    const plain = await signedIn(app, { org: [red] });
    expect(await ask(await of([red]), plain)).toBe('404 not_found');
    expect(await ask(plain.account.id, plain)).toBe('403 forbidden');
    expect(await ask(await of([red]), as(app))).toBe('401 unauthenticated Authorization');
  });

  it('says of a row out of scope that it does not exist before it looks at the e-mail', async () => {
    const owner = await signedIn(app, { role: 'org_owner', org: [await organization(app)] });
    const { id } = await account(app);
    expect(errorsOf(await owner.post(`/accounts/${id}/email`, { email: 'nope' }))).toEqual(['404 not_found']);
    expect(errorsOf(await root.post(`/accounts/${id}/email`, { email: 'nope' }))).toEqual([
      '422 validation_failed /email',
    ]);
    expect(errorsOf(await root.post('/accounts/nope/email', { email: newAddress() }))).toEqual(['404 not_found']);
  });

  it('needs a recent sign-in', async () => {
    const boss = await signedIn(app, { role: 'admin' });
    await ageSignIn(boss.account.id, app);
    const { id } = await account(app);
    const response = await boss.post(`/accounts/${id}/email`, { email: newAddress() });
    expect(errorsOf(response)).toEqual(['403 reauthentication_required']);
  });

  it('is the last word: links that take earlier changes back are void', async () => {
    const { user, takeBack, former } = await changed(app);
    const email = newAddress();
    await root.post(`/accounts/${user.account.id}/email`, { email });
    expect((await confirm(app, await mailedToken(app, email))).status).toBe(204);
    expect(errorsOf(await revert(app, takeBack))).toEqual(['404 invalid_token']);
    expect(await emailOf(app, user.account.id)).toBe(email);
    expect((await root.post('/accounts', document('iam:accounts', { email: former }))).status).toBe(200);
  });

  it('says nothing of whether the e-mail is taken, and mails its owner', async () => {
    const [user, other] = [await account(app), await account(app)];
    expect((await root.post(`/accounts/${user.id}/email`, { email: other.email })).status).toBe(204);
    const [notice] = await mailsTo(app, other.email);
    expect(notice?.parsed.subject).toBe('Your e-mail was entered for another Iam account');
  });

  it('takes the invitation along: the old link is void, and the new e-mail gets one', async () => {
    const former = newAddress();
    const { id } = (await root.post('/accounts', document('iam:accounts', { email: former }))).body.data;
    const old = await mailedToken(app, former);
    const email = newAddress();
    await root.post(`/accounts/${id}/email`, { email });
    expect((await confirm(app, await mailedToken(app, email))).status).toBe(204);
    const body = { password: PASSWORD };
    expect(errorsOf(await as(app).patch(`/accounts/${old}/join`, body))).toEqual(['404 invalid_token']);
    const [, invitation] = await mailsTo(app, email, 2);
    expect((await root.get(`/accounts/${id}`)).body.data.attributes.invitation_expired_at).toEqual(expect.any(String));
    expect((await as(app).patch(`/accounts/${tokenIn(invitation!)}/join`, body)).status).toBe(204);
    expect((await signIn(app, { email, password: PASSWORD })).token).toEqual(expect.any(String));
  });
});

describe('accounts set-email', () => {
  const run = (...words: string[]) =>
    command(['accounts', 'set-email', ...words], {
      ...databaseEnvironment(app.databaseUrl),
      DATA_DIR: app.config.dataDir,
      NODE_ENV: 'test',
    });

  it('changes the e-mail of any account at once, an admin’s too, and notifies the former one', async () => {
    const boss = await account(app, { role: 'admin' });
    const email = newAddress();
    const result = await run(email, '--email', boss.email.toUpperCase());
    expect(result).toEqual({ exitCode: 0, out: 'The e-mail was changed.\n', err: '' });
    expect(await emailOf(app, boss.id)).toBe(email);
    expect((await signIn(app, { email, password: PASSWORD })).token).toEqual(expect.any(String));
    expect((await mailsTo(app, boss.email))[0]?.parsed.text).not.toContain('token=');
    const [event] = await app.sql(
      `SELECT actor_id, details FROM audit_events WHERE action = 'iam:accounts.email_changed' AND target_id = $1`,
      [boss.id],
    );
    expect(event).toEqual({ actor_id: null, details: { by: 'operator' } });
  });

  it('says what is wrong', async () => {
    const [one, other] = [await account(app), await account(app)];
    expect((await run(newAddress())).err).toContain('Give one of --account and --email.');
    expect((await run('nope', '--account', one.id)).exitCode).not.toBe(0);
    const taken = await run(other.email, '--account', one.id);
    expect(taken.exitCode).toBe(1);
    expect(taken.err).toContain('Another account has this e-mail');
    const missing = await run(newAddress(), '--email', 'missing@example.com');
    expect([missing.exitCode, missing.err]).toEqual([
      1,
      'There is no account missing@example.com, or it is a service account.\n',
    ]);
    expect(await emailOf(app, one.id)).toBe(one.email);
  });
});
