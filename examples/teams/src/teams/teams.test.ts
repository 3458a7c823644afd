import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { type ApiClient, document, startIam, type TestIam } from 'iam/testing';
import { extension } from '../extension.js';
import { Team, TeamMember } from './team.entity.js';

describe('Teams, an extension of the service', () => {
  let iam: TestIam;

  before(async () => {
    iam = await startIam({ extension, roles: new URL('../../roles.yml', import.meta.url) });
  });
  after(() => iam.stop());

  const newTeam = (name: string, { id }: { id: string }) => document('iam:teams', { name, organization_id: id });
  const renamed = (name: string) => document('iam:teams', { name });

  it('are made, shown, changed and deleted by a team lead of the organization', async () => {
    const organization = await iam.create.organization();
    const lead = await iam.as('team_lead', { of: organization });
    const { id } = (await lead.post('/teams', newTeam('Blue', organization))).one();
    assert.equal((await lead.get(`/teams/${id}`)).one().attributes['name'], 'Blue');
    assert.equal((await lead.patch(`/teams/${id}`, renamed('Red'))).one().attributes['name'], 'Red');
    assert.equal((await lead.delete(`/teams/${id}`)).status, 204);
  });

  it('cannot be created in another organization, moved, or given a reserved name', async () => {
    const [own, other] = [await iam.create.organization(), await iam.create.organization()];
    const lead = await iam.as('team_lead', { of: own });
    assert.deepEqual((await lead.post('/teams', newTeam('Blue', other))).problems, ['403 forbidden']);
    const reserved = await lead.post('/teams', newTeam('Everybody', own));
    assert.deepEqual(reserved.problems, ['422 validation_failed /data/attributes/name']);
    const { id } = (await lead.post('/teams', newTeam('Blue', own))).one();
    const moved = await lead.patch(`/teams/${id}`, document('iam:teams', { organization_id: other.id }));
    assert.deepEqual(moved.problems, ['422 validation_failed /data/attributes/organization_id']);
  });

  it('cannot be made in an organization that does not exist, also by who may make them anywhere', async () => {
    const admin = await iam.admin();
    const created = await admin.post('/teams', newTeam('Blue', { id: '01900000-0000-7000-8000-000000000000' }));
    assert.deepEqual(created.problems, ['422 validation_failed /data/attributes/organization_id']);
  });

  it('take members of their organization through an extra action, and show them by an include and a filter', async () => {
    const organization = await iam.create.organization();
    const lead = await iam.as('team_lead', { of: organization });
    const member = await iam.as('user', { of: organization });
    const outsider = await iam.as('user');
    const { id } = (await lead.post('/teams', newTeam('Blue', organization))).one();
    assert.equal((await lead.post(`/teams/${id}/members`, { account_id: member.account.id })).status, 204);
    const rejected = await lead.post(`/teams/${id}/members`, { account_id: outsider.account.id });
    assert.deepEqual(rejected.problems, ['422 validation_failed /account_id']);
    const shown = await lead.get(`/teams/${id}?include=members,organization`);
    const linked = shown.one().relationships?.['members']?.data as { id: string }[];
    assert.deepEqual(
      linked.map((one) => one.id),
      [lead.account.id, member.account.id].sort(),
    );
    assert.equal(shown.included.length, 3);
    const ids = async (client: ApiClient, query = ''): Promise<string[]> =>
      (await client.get(`/teams${query}`)).many().map((one) => one.id);
    assert.deepEqual(await ids(lead, `?filter[member_id]=${member.account.id}`), [id]);
    assert.deepEqual(await ids(member), [id]);
    assert.deepEqual(await ids(outsider), []);
    assert.deepEqual((await member.patch(`/teams/${id}`, renamed('x'))).problems, ['403 forbidden']);
    const admin = await iam.admin();
    const trail = await admin.get(`/audit_events?filter[target_id]=${id}&filter[action]=iam:teams.member_added`);
    assert.deepEqual(
      trail.many().map(({ attributes }) => [attributes['actor_id'], attributes['details']]),
      [[lead.account.id, { account_id: member.account.id }]],
    );
  });

  it('take members from who has the right to that action alone', async () => {
    const [own, other] = [await iam.create.organization(), await iam.create.organization()];
    const lead = await iam.as('team_lead', { of: [own, other] });
    const recruiter = await iam.as('recruiter', { of: own });
    const member = await iam.as('user', { of: [own, other] });
    const team = (await lead.post('/teams', newTeam('Blue', own))).one().id;
    const foreign = (await lead.post('/teams', newTeam('Blue', other))).one().id;
    const add = (client: ApiClient, id: string) =>
      client.post(`/teams/${id}/members`, { account_id: member.account.id });
    assert.equal((await add(recruiter, team)).status, 204);
    assert.deepEqual((await add(recruiter, foreign)).problems, ['404 not_found']);
    assert.deepEqual((await recruiter.patch(`/teams/${team}`, renamed('Red'))).problems, ['403 forbidden']);
    assert.deepEqual((await add(member, team)).problems, ['403 forbidden']);
  });

  it('mail an added account, in the language of the request', async () => {
    const organization = await iam.create.organization();
    const lead = await iam.as('team_lead', { of: organization });
    const member = await iam.create.account({ of: organization });
    const { id } = (await lead.post('/teams', newTeam('Blau <b>', organization))).one();
    await lead.post(`/teams/${id}/members`, { account_id: member.id }, { 'accept-language': 'de' });
    const mail = await iam.mailbox.next(member.email);
    assert.equal(mail.subject, 'Sie sind im Team Blau <b>');
    assert.match(mail.text, /Sie sind jetzt im Team Blau <b>\./);
    assert.match(mail.html, /<strong>Blau &lt;b&gt;<\/strong>/);
  });

  it('begin with one for every new organization, by an event', async () => {
    const admin = await iam.admin();
    const { id } = (await admin.post('/organizations', document('iam:organizations', { name: 'Acme' }))).one();
    const names = async (): Promise<unknown[]> =>
      (await admin.get(`/teams?filter[organization_id]=${id}`)).many().map(({ attributes }) => attributes['name']);
    for (let attempt = 0; attempt < 200 && (await names()).length === 0; attempt++) await sleep(50);
    assert.deepEqual(await names(), ['Everybody']);
  });

  it('say by meta.can what may be done with each: the first one stays, and a member changes nothing', async () => {
    const organization = await iam.create.organization();
    const lead = await iam.as('team_lead', { of: organization });
    const { id } = (await lead.post('/teams', newTeam('Blue', organization))).one();
    const first = await iam.create.row(Team, { name: 'Everybody', organizationId: organization.id });
    const can = async (client: ApiClient): Promise<Record<string, unknown>> =>
      Object.fromEntries((await client.get('/teams?can=true')).many().map((team) => [team.id, team.meta?.['can']]));
    const all = { update: true, delete: true, attributes: ['name'], actions: ['add_member'] };
    const none = { update: false, delete: false, attributes: [], actions: [] };
    assert.deepEqual(await can(lead), { [first.id]: { ...none, actions: ['add_member'] }, [id]: all });
    const member = await iam.as('user');
    await iam.create.row(TeamMember, { teamId: id, accountId: member.account.id });
    assert.deepEqual(await can(member), { [id]: none });
    assert.deepEqual((await lead.delete(`/teams/${first.id}`)).problems, ['403 forbidden']);
    const changed = await lead.patch(`/teams/${first.id}`, renamed('Some'));
    assert.deepEqual(changed.problems, ['403 forbidden /data/attributes/name']);
  });

  it('bring a password policy that takes the place of the built-in one', async () => {
    const user = await iam.as('user');
    const passwords = { current_password: user.account.password, new_password: 'Shrt-pw-7x' };
    const { errors } = await user.post('/account/passwords/change', passwords);
    assert.deepEqual(
      errors.map(({ detail }) => detail),
      ['The new password must have at least 12 characters'],
    );
  });

  it('stand in the OpenAPI document', async () => {
    const { paths } = (await iam.anonymous.get('/openapi.json')).json as { paths: Record<string, unknown> };
    assert.deepEqual(
      Object.keys(paths).filter((path) => path.startsWith('/teams')),
      ['/teams', '/teams/{resource_id}', '/teams/{id}/members'],
    );
  });
});
