import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mailsTo } from '../../test/accounts/mails.js';
import { eventually } from '../../test/outbox/outbox-fixture.js';
import { startApp, type TestApp } from '../../test/support/app.js';
import { type ApiClient, column, document, errorsOf, ids } from '../../test/support/client.js';
import { admin, organization, signedIn } from '../../test/support/factories.js';
import { extension as teams } from './src/extension.js';

describe('Teams, an extension of the service', () => {
  let app: TestApp;

  beforeAll(async () => {
    const ROLES_FILE = fileURLToPath(new URL('./roles.yml', import.meta.url));
    app = await startApp({ extension: teams, env: { ROLES_FILE } });
  });
  afterAll(() => app.stop());

  const newTeam = (name: string, organizationId: string) =>
    document('iam:teams', { name, organization_id: organizationId });

  it('are made, shown, changed and deleted by a team lead of the organization', async () => {
    const org = await organization(app);
    const { post, get, patch, delete: remove } = await signedIn(app, { role: 'team_lead', org: [org] });
    const created = await post('/teams', newTeam('Blue', org));
    expect(created.status).toBe(200);
    const { id } = created.body.data;
    expect((await get(`/teams/${id}`)).body.data.attributes.name).toBe('Blue');
    expect((await patch(`/teams/${id}`, document('iam:teams', { name: 'Red' }))).body.data.attributes.name).toBe('Red');
    expect((await remove(`/teams/${id}`)).status).toBe(204);
  });

  it('cannot be created in another organization, moved, or given a reserved name', async () => {
    const [own, other] = [await organization(app), await organization(app)];
    const { post, patch } = await signedIn(app, { role: 'team_lead', org: [own] });
    expect(errorsOf(await post('/teams', newTeam('Blue', other)))).toEqual(['403 forbidden']);
    expect(errorsOf(await post('/teams', newTeam('Everybody', own)))).toEqual([
      '422 validation_failed /data/attributes/name',
    ]);
    const { id } = (await post('/teams', newTeam('Blue', own))).body.data;
    expect(errorsOf(await patch(`/teams/${id}`, document('iam:teams', { organization_id: other })))).toEqual([
      '422 validation_failed /data/attributes/organization_id',
    ]);
  });

  it('cannot be made in an organization that does not exist, also by who may make them anywhere', async () => {
    const { post } = await admin(app);
    expect(errorsOf(await post('/teams', newTeam('Blue', '01900000-0000-7000-8000-000000000000')))).toEqual([
      '422 validation_failed /data/attributes/organization_id',
    ]);
  });

  it('take members of their organization through an extra action, and show them by an include and a filter', async () => {
    const org = await organization(app);
    const lead = await signedIn(app, { role: 'team_lead', org: [org] });
    const member = await signedIn(app, { org: [org] });
    const outsider = await signedIn(app);
    const { id } = (await lead.post('/teams', newTeam('Blue', org))).body.data;
    expect((await lead.post(`/teams/${id}/members`, { account_id: member.account.id })).status).toBe(204);
    expect(errorsOf(await lead.post(`/teams/${id}/members`, { account_id: outsider.account.id }))).toEqual([
      '422 validation_failed /account_id',
    ]);
    const shown = await lead.get(`/teams/${id}?include=members,organization`);
    expect(shown.body.data.relationships.members.data.map((one: { id: string }) => one.id)).toEqual(
      [lead.account.id, member.account.id].sort(),
    );
    expect(shown.body.included).toHaveLength(3);
    expect(ids(await lead.get(`/teams?filter[member_id]=${member.account.id}`))).toEqual([id]);
    expect(ids(await member.get('/teams'))).toEqual([id]);
    expect(ids(await outsider.get('/teams'))).toEqual([]);
    expect(errorsOf(await member.patch(`/teams/${id}`, document('iam:teams', { name: 'x' })))).toEqual([
      '403 forbidden',
    ]);
    const { get } = await admin(app);
    const trail = await get(`/audit_events?filter[target_id]=${id}&filter[action]=iam:teams.member_added`);
    expect(trail.body.data.map((one: { attributes: object }) => one.attributes)).toEqual([
      expect.objectContaining({ actor_id: lead.account.id, details: { account_id: member.account.id } }),
    ]);
  });

  it('take members from who has the right to that action alone', async () => {
    const [org, other] = [await organization(app), await organization(app)];
    const lead = await signedIn(app, { role: 'team_lead', org: [org, other] });
    const recruiter = await signedIn(app, { role: 'recruiter', org: [org] });
    const { account: member, post } = await signedIn(app, { org: [org, other] });
    const teamIn = async (organizationId: string): Promise<string> =>
      (await lead.post('/teams', newTeam('Blue', organizationId))).body.data.id;
    const [own, foreign] = [await teamIn(org), await teamIn(other)];
    const add = (id: string) => ({ path: `/teams/${id}/members`, body: { account_id: member.id } });
    expect((await recruiter.post(add(own).path, add(own).body)).status).toBe(204);
    expect(errorsOf(await recruiter.post(add(foreign).path, add(foreign).body))).toEqual(['404 not_found']);
    expect(errorsOf(await recruiter.patch(`/teams/${own}`, document('iam:teams', { name: 'Red' })))).toEqual([
      '403 forbidden',
    ]);
    expect(errorsOf(await post(add(own).path, add(own).body))).toEqual(['403 forbidden']);
  });

  it('mail an added account, in the language of the request', async () => {
    const org = await organization(app);
    const lead = await signedIn(app, { role: 'team_lead', org: [org] });
    const { account: member } = await signedIn(app, { org: [org] });
    const { id } = (await lead.post('/teams', newTeam('Blau <b>', org))).body.data;
    await lead.post(`/teams/${id}/members`, { account_id: member.id }, { 'accept-language': 'de' });
    const [mail] = (await mailsTo(app, member.email, 1)).filter(({ parsed }) => parsed.subject?.includes('Team'));
    expect(mail?.parsed.subject).toBe('Sie sind im Team Blau <b>');
    expect(mail?.parsed.text).toContain('Sie sind jetzt im Team Blau <b>.');
    expect(mail?.parsed.html).toContain('<strong>Blau &lt;b&gt;</strong>');
  });

  it('begin with one for every new organization, by an event', async () => {
    const { post, get } = await admin(app);
    const { id } = (await post('/organizations', document('iam:organizations', { name: 'Acme' }))).body.data;
    const teams = () => get(`/teams?filter[organization_id]=${id}`);
    await eventually(async () => (await teams()).body.data.length > 0);
    expect(column(await teams(), 'name')).toEqual(['Everybody']);
  });

  it('say by meta.can what may be done with each: the first one stays, and a member changes nothing', async () => {
    const org = await organization(app);
    const lead = await signedIn(app, { role: 'team_lead', org: [org] });
    const { id } = (await lead.post('/teams', newTeam('Blue', org))).body.data;
    const first = '01900000-0000-7000-8000-000000000001';
    await app.sql(`INSERT INTO teams (id, name, organization_id) VALUES ($1, 'Everybody', $2)`, [first, org]);
    const can = async ({ get }: ApiClient): Promise<Record<string, unknown>> => {
      const { data } = (await get('/teams?can=true')).body;
      return Object.fromEntries(data.map((team: { id: string; meta: { can: unknown } }) => [team.id, team.meta.can]));
    };
    const all = { update: true, delete: true, attributes: ['name'], actions: ['add_member'] };
    const none = { update: false, delete: false, attributes: [], actions: [] };
    expect(await can(lead)).toEqual({ [first]: { ...none, actions: ['add_member'] }, [id]: all });
    const member = await signedIn(app);
    await app.sql('INSERT INTO team_members (team_id, account_id) VALUES ($1, $2)', [id, member.account.id]);
    expect(await can(member)).toEqual({ [id]: none });
    expect(errorsOf(await lead.delete(`/teams/${first}`))).toEqual(['403 forbidden']);
    const renamed = await lead.patch(`/teams/${first}`, document('iam:teams', { name: 'Some' }));
    expect(errorsOf(renamed)).toEqual(['403 forbidden /data/attributes/name']);
  });

  it('bring a password policy that takes the place of the built-in one', async () => {
    const { post } = await signedIn(app);
    const change = { current_password: 'Correct-horse-7', new_password: 'Shrt-pw-7x' };
    const rejected = await post('/account/passwords/change', change);
    expect(rejected.body.errors.map(({ detail }: { detail: string }) => detail)).toEqual([
      'The new password must have at least 12 characters',
    ]);
  });

  it('stand in the OpenAPI document', async () => {
    const { get } = await admin(app);
    const { paths } = (await get('/openapi.json')).body;
    expect(Object.keys(paths).filter((path) => path.startsWith('/teams'))).toEqual([
      '/teams',
      '/teams/{resource_id}',
      '/teams/{id}/members',
    ]);
  });
});
