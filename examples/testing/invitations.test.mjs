import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { document, startIam } from 'iam/testing';

describe('Invitations', () => {
  let iam;

  before(async () => {
    iam = await startIam();
  });
  afterEach(() => iam.reset());
  after(() => iam.stop());

  async function invite(email) {
    const organization = await iam.create.organization();
    const owner = await iam.as('org_owner', { of: organization });
    const account = document('iam:accounts', { email, role_scope: { org: [organization.id] } });
    return (await owner.post('/accounts', account)).one();
  }

  it('are accepted by the link of a mail', async () => {
    await invite('jane@example.com');
    const mail = await iam.mailbox.next('jane@example.com');
    const joined = await iam.anonymous.patch(`/accounts/${mail.token}/join`, { password: 'Correct-horse-8' });
    assert.equal(joined.status, 204);
    const jane = await iam.signIn({ email: 'jane@example.com', password: 'Correct-horse-8' });
    assert.equal((await jane.get('/organizations')).many().length, 1);
  });

  it('end after three days', async () => {
    await invite('jane@example.com');
    const mail = await iam.mailbox.next('jane@example.com');
    await iam.clock.advance('3 days');
    const joined = await iam.anonymous.patch(`/accounts/${mail.token}/join`);
    assert.deepEqual(joined.problems, ['422 expired_token']);
  });
});
