import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ageSignIn, sessionIds } from '../sign-in/sessions.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, errorsOf } from '../support/client.js';
import { account, admin, organization, signedIn } from '../support/factories.js';
import { enrol, enrolled, firstStep, mailTo, tokenFor } from './factors.js';

describe('All second factors of an account', () => {
  let app: TestApp;
  let root: Awaited<ReturnType<typeof admin>>;

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
  });
  afterAll(() => app.stop());

  it('are removed by an admin, with its sessions, its recovery codes, a mail and an event', async () => {
    const person = await enrolled(app);
    await person.post('/account/recovery_codes');
    expect((await root.delete(`/accounts/${person.account.id}/factors`)).status).toBe(204);
    expect(await sessionIds(app, person.account.id)).toEqual([]);
    expect((await person.get('/auth/me')).status).toBe(401);
    expect((await firstStep(app, person.account)).status).toBe(200);
    expect(await mailTo(app, person.account.email, /second factors .* were removed/)).toContain(
      'An administrator removed',
    );
    const events = await root.get(
      `/audit_events?filter[action]=iam:accounts.factors_reset&filter[target_id]=${person.account.id}`,
    );
    expect(events.body.data[0].attributes.actor_id).toBe(root.id);
    const left = await app.sql('SELECT 1 FROM account_recovery_codes WHERE account_id = $1', [person.account.id]);
    expect(left).toEqual([]);
  });

  it('are removed by an owner of all organizations of the account only, and never of a peer', async () => {
    const [own, foreign] = [await organization(app), await organization(app)];
    const owner = await signedIn(app, { role: 'org_owner', org: [own] });
    const reset = async (options: Parameters<typeof account>[1]) =>
      errorsOf(await owner.delete(`/accounts/${(await account(app, options)).id}/factors`));
    expect(await reset({ org: [own] })).toEqual([]);
    expect(await reset({ org: [own, foreign] })).toEqual(['403 forbidden']);
    expect(await reset({ org: [foreign] })).toEqual(['404 not_found']);
    expect(await reset({ org: [own], role: 'org_owner' })).toEqual(['403 forbidden']);
    expect(errorsOf(await owner.delete(`/accounts/${owner.account.id}/factors`))).toEqual(['403 forbidden']);
    expect(errorsOf(await (await signedIn(app)).delete(`/accounts/${owner.account.id}/factors`))).toEqual([
      '404 not_found',
    ]);
  });

  it('need a recent sign-in of who removes them', async () => {
    const boss = await signedIn(app, { role: 'admin' });
    await ageSignIn(boss.account.id, app);
    const { account: user } = await enrolled(app);
    expect(errorsOf(await boss.delete(`/accounts/${user.id}/factors`))).toEqual(['403 reauthentication_required']);
  });

  it('outlive a reset of the password by mail', async () => {
    const person = await enrolled(app);
    await as(app).post('/account/passwords/request_reset', { email: person.account.email });
    const token = await tokenFor(app, person.account.email, /password/);
    const password = 'Another-horse-9';
    expect((await as(app).post('/account/passwords/reset', { token, password })).status).toBe(204);
    expect(errorsOf(await firstStep(app, { ...person.account, password }))).toEqual(['401 mfa_required']);
  });

  it('that were added since an e-mail was changed go when the change is taken back; earlier ones stay', async () => {
    const person = await enrolled(app);
    const email = `new-${person.account.email}`;
    await person.post('/account/email', { email });
    await as(app).post('/account/email/confirm', { token: await tokenFor(app, email, /./) });
    const revert = await tokenFor(app, person.account.email, /e-mail/);
    const added = await enrol(person);
    expect((await as(app).post('/account/email/revert', { token: revert })).status).toBe(204);
    const rows = await app.sql<{ id: string }>('SELECT id FROM account_factors WHERE account_id = $1', [
      person.account.id,
    ]);
    expect(rows.map(({ id }) => id)).toEqual([person.factorId]);
    expect(rows.map(({ id }) => id)).not.toContain(added.factorId);
  });
});
