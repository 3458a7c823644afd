import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf } from '../support/client.js';
import { admin, organization, signedIn } from '../support/factories.js';
import { enrol, enrolled, firstStep, mfaToken, secondStep } from './factors.js';

const ROLES = `
extends: default
roles:
  treasurer:
    rank: 15
    mfa: required
    rights: [iam:accounts.read.own, iam:account_factors.create.own, iam:account_factors.read.own, iam:account_factors.delete.own]
`;

describe('A second factor that is required', () => {
  let app: TestApp;
  let other: TestApp;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'iam-roles-'));
    await writeFile(join(folder, 'roles.yml'), ROLES);
    const env = { ROLES_FILE: join(folder, 'roles.yml') };
    app = await startApp({ env });
    other = await startApp({ env, beside: app });
  });
  afterAll(async () => {
    await other.stop();
    await app.stop();
    await rm(folder, { recursive: true });
  });

  const BLOCKED = ['403 mfa_enrolment_required'];
  const require = (token: string, id: string, query = '') =>
    as(app, token).patch(`/organizations/${id}${query}`, document('iam:organizations', { mfa_required: true }, id));

  it('by a role leaves an account without one its own session and the adding of a factor', async () => {
    const { get, post, account: user, refreshToken } = await signedIn(app, { role: 'treasurer' });
    expect(errorsOf(await get(`/accounts/${user.id}`))).toEqual(BLOCKED);
    expect(errorsOf(await get('/accounts'))).toEqual(BLOCKED);
    expect(errorsOf(await get('/account/export'))).toEqual(BLOCKED);
    expect(errorsOf(await post('/account/email', { email: 'new@example.com' }))).toEqual(BLOCKED);
    expect((await get('/auth/me')).status).toBe(200);
    expect((await get('/account_factors')).status).toBe(200);
    // A refresh changes nothing.
    const refreshed = await as(app).post('/auth/refresh', { refresh_token: refreshToken });
    const { get: again, post: postAgain } = as(app, refreshed.body.meta.token);
    expect(errorsOf(await again(`/accounts/${user.id}`))).toEqual(BLOCKED);
    expect((await postAgain('/auth/logout')).status).toBe(204);
  });

  it('is there with the first factor, on other instances within a second', async () => {
    const person = await signedIn(app, { role: 'treasurer' });
    const path = `/accounts/${person.account.id}`;
    expect(errorsOf(await as(other, person.token).get(path))).toEqual(BLOCKED);
    await enrol(person);
    expect((await person.get(path)).status).toBe(200);
    await sleep(1_000);
    expect((await as(other, person.token).get(path)).status).toBe(200);
  });

  it('cannot be removed as the last one', async () => {
    const person = await signedIn(app, { role: 'treasurer' });
    const { factorId } = await enrol(person);
    expect(errorsOf(await person.delete(`/account_factors/${factorId}`))).toEqual(['409 conflict']);
    const second = await enrol(person);
    expect((await person.delete(`/account_factors/${factorId}`)).status).toBe(204);
    expect(errorsOf(await person.delete(`/account_factors/${second.factorId}`))).toEqual(['409 conflict']);
  });

  it('cannot be lost by removing two at once', async () => {
    const person = await signedIn(app, { role: 'treasurer' });
    const [one, two] = [await enrol(person), await enrol(person)];
    const answers = await Promise.all([
      person.delete(`/account_factors/${one.factorId}`),
      as(other, person.token).delete(`/account_factors/${two.factorId}`),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 409]);
  });

  it('by an organization is announced with who is affected, and then counts within a second everywhere', async () => {
    const org = await organization(app);
    const owner = await enrolled(app, { role: 'org_owner', org: [org] });
    const member = await signedIn(app, { org: [org] });
    const path = `/accounts/${member.account.id}`;
    expect((await as(other, member.token).get(path)).status).toBe(200);
    const asked = await require(owner.token, org);
    expect(errorsOf(asked)).toEqual(['409 confirmation_required /data/attributes/mfa_required']);
    expect(asked.body.errors[0].meta).toEqual({ affected: { accounts: 2, without_factor: 1 } });
    expect((await member.get(path)).status).toBe(200);

    const confirmed = await require(owner.token, org, '?confirm=true');
    expect(confirmed.body.data.attributes.mfa_required).toBe(true);
    expect(errorsOf(await member.get(path))).toEqual(BLOCKED);
    expect((await owner.get('/organizations')).status).toBe(200);
    await sleep(1_000);
    expect(errorsOf(await as(other, member.token).get(path))).toEqual(BLOCKED);
    // Switched off, it counts no more.
    await owner.patch(`/organizations/${org}`, document('iam:organizations', { mfa_required: false }, org));
    expect((await member.get(path)).status).toBe(200);
  });

  it('by an organization is not switched on by a member who has none', async () => {
    const org = await organization(app);
    const owner = await signedIn(app, { role: 'org_owner', org: [org] });
    expect(errorsOf(await require(owner.token, org, '?confirm=true'))).toEqual([
      '409 conflict /data/attributes/mfa_required',
    ]);
    const { factorId } = await enrol(owner);
    expect((await require(owner.token, org, '?confirm=true')).status).toBe(200);
    expect(errorsOf(await owner.delete(`/account_factors/${factorId}`))).toEqual(['409 conflict']);
  });

  it('by an organization without members needs no confirmation', async () => {
    const root = await admin(app);
    expect((await require(root.token, await organization(app))).status).toBe(200);
  });

  it('does not change how an account with one signs in', async () => {
    const person = await signedIn(app, { role: 'treasurer' });
    const { app: device } = await enrol(person);
    expect(errorsOf(await firstStep(app, person.account))).toEqual(['401 mfa_required']);
    const started = await secondStep(app, await mfaToken(app, person.account), { code: device.code() });
    expect((await as(app, started.body.meta.token).get(`/accounts/${person.account.id}`)).status).toBe(200);
  });
});
