import assert from 'node:assert/strict';
import test, { after, before, describe, it } from 'node:test';
import { contractTests, document, startIam, type TestIam } from 'iam/testing';
import { extension } from '../extension.js';
import { Project } from './project.entity.js';

const roles = new URL('../../roles.yml', import.meta.url);

describe('Projects', () => {
  let iam: TestIam;

  before(async () => {
    iam = await startIam({ extension, roles });
  });
  after(() => iam.stop());

  it('are made by the owner of an organization, and read by its members alone', async () => {
    const [own, other] = [await iam.create.organization(), await iam.create.organization()];
    const owner = await iam.as('org_owner', { of: own });
    const project = document('iam:projects', { name: 'Website', organization_id: own.id });
    const { id } = (await owner.post('/projects', project)).one();
    const [member, stranger] = [await iam.as('user', { of: own }), await iam.as('user', { of: other })];
    assert.equal((await member.get(`/projects/${id}`)).one().attributes['name'], 'Website');
    assert.equal((await stranger.get(`/projects/${id}`)).status, 404);
    assert.deepEqual((await member.post('/projects', project)).problems, ['403 forbidden']);
  });

  it('need a name', async () => {
    const organization = await iam.create.organization();
    const owner = await iam.as('org_owner', { of: organization });
    const project = document('iam:projects', { name: ' ', organization_id: organization.id });
    assert.deepEqual((await owner.post('/projects', project)).problems, [
      '422 validation_failed /data/attributes/name',
    ]);
  });
});

// What every resource promises: filters, sorting, pages, entity tags, scopes and the OpenAPI document.
contractTests({
  start: () => startIam({ extension, roles }),
  fixtures: {
    'iam:projects': async ({ create }, n) => {
      const { id: organizationId } = await create.organization();
      return (await create.row(Project, { name: `Project ${n}`, organizationId })).id;
    },
  },
  runner: test,
});
