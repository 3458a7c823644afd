import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { column, document, errorsOf, send } from '../support/client.js';
import { account, admin, organization, PASSWORD, signedIn, signIn, type SignedIn } from '../support/factories.js';
import { sweepNow } from '../sweeps/sweep-now.js';

/** The token of the n-th mail to an address whose link leads to a page. */
async function tokenIn(app: TestApp, email: string, page: string, nth: number): Promise<string> {
  const found = () =>
    app.mails.mails
      .filter(({ recipients }) => recipients.includes(email))
      .flatMap(({ parsed }) => new RegExp(`/${page}\\?token=([\\w-]+)`).exec(parsed.text ?? '')?.[1] ?? []);
  for (let waited = 0; found().length < nth && waited < 200; waited++) await sleep(25);
  return found()[nth - 1] ?? '';
}

describe('The audit trail', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  it('records who created, changed and deleted what, from where and by which request', async () => {
    const { id: adminId, post, patch, delete: remove, get } = await admin(app);
    const headers = { 'x-request-id': 'trail-1' };
    const { id } = (await post('/organizations', document('iam:organizations', { name: 'Acme' }), headers)).body.data;
    await patch(`/organizations/${id}`, document('iam:organizations', { name: 'Acme Ltd' }));
    await remove(`/organizations/${id}`);
    const trail = await get(`/audit_events?filter[target_id]=${id}&sort=id`);
    expect(column(trail, 'action')).toEqual([
      'iam:organizations.created',
      'iam:organizations.updated',
      'iam:organizations.deleted',
    ]);
    expect(trail.body.data[0].attributes).toEqual({
      action: 'iam:organizations.created',
      actor_id: adminId,
      target_type: 'iam:organizations',
      target_id: id,
      details: { attributes: ['name'] },
      ip: '127.0.0.1',
      request_id: 'trail-1',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
  });

  it('records sign-ins and sign-outs, failed and reused tokens, passwords, invitations, joins and roles', async () => {
    const root = await admin(app);
    const actionsOn = async (id: string) =>
      column(await root.get(`/audit_events?filter[target_id]=${id}&sort=id`), 'action');
    const email = 'trail@example.com';
    const { id } = (await root.post('/accounts', document('iam:accounts', { name: 'Trail', email }))).body.data;
    // An invitation that is replaced before it left is never sent, so the first has to be out.
    expect(await tokenIn(app, email, 'join', 1)).not.toBe('');
    await root.post(`/accounts/${id}/resend_invitation`);
    const token = await tokenIn(app, email, 'join', 2);
    await send(app, 'PATCH', `/accounts/${token}/join`, { body: { password: PASSWORD } });
    await send(app, 'POST', '/auth/login', { body: { email, password: 'wrong' } });
    await send(app, 'POST', '/auth/login', { body: { email: 'nobody@example.com', password: 'wrong' } });
    const tokens = await signIn(app, { email, password: PASSWORD });
    const change = { current_password: PASSWORD, new_password: 'Another-horse-8' };
    await send(app, 'POST', '/account/passwords/change', { token: tokens.token, body: change });
    await send(app, 'POST', '/account/passwords/request_reset', { body: { email } });
    const body = { token: await tokenIn(app, email, 'reset-password', 1), password: 'Third-horse-99' };
    await send(app, 'POST', '/account/passwords/reset', { body });
    await root.patch(`/accounts/${id}`, document('iam:accounts', { role_name: 'org_owner' }));
    expect(await actionsOn(id)).toEqual([
      'iam:accounts.invited',
      'iam:accounts.created',
      'iam:accounts.invited',
      'iam:accounts.joined',
      'iam:account_auths.sign_in_failed',
      'iam:accounts.password_changed',
      'iam:accounts.password_reset',
      'iam:accounts.role_changed',
      'iam:accounts.updated',
    ]);
    const failures = await root.get('/audit_events?filter[action]=iam:account_auths.sign_in_failed&sort=id');
    expect(column(failures, 'target_id')).toEqual([id, null]);
    expect(column(failures, 'details')).toEqual([{ reason: 'invalid_credentials' }, { reason: 'invalid_credentials' }]);

    const again = await signIn(app, { email, password: 'Third-horse-99' });
    const refresh = { body: { refresh_token: again.refreshToken } };
    await send(app, 'POST', '/auth/refresh', refresh);
    await app.sql("UPDATE account_sessions SET refreshed_at = refreshed_at - interval '1 minute'");
    await send(app, 'POST', '/auth/refresh', refresh);
    const last = await signIn(app, { email, password: 'Third-horse-99' });
    await send(app, 'POST', '/auth/logout', { token: last.token });
    const ownActions = await root.get(
      `/audit_events?filter[actor_id]=${id}&filter[action__match]=account_auths&sort=id`,
    );
    expect(column(ownActions, 'action')).toEqual([
      'iam:account_auths.signed_in',
      'iam:account_auths.signed_in',
      'iam:account_auths.signed_in',
      'iam:account_auths.signed_out',
    ]);
    const reused = await root.get('/audit_events?filter[action]=iam:account_auths.refresh_reused');
    expect(reused.body.data).toHaveLength(1);
  });

  it('has of a create whose e-mail is taken that it was rejected, and neither the e-mail nor whose it is', async () => {
    const { post, get } = await admin(app);
    const taken = await account(app);
    const body = document('iam:accounts', { name: 'Twin', email: taken.email });
    expect(errorsOf(await post('/accounts', body, { 'x-request-id': 'rejected-1' }))).toEqual([
      '409 conflict /data/attributes/email',
    ]);
    const { body: trail } = await get('/audit_events?filter[request_id]=rejected-1');
    expect(trail.data.map(({ attributes }: { attributes: object }) => attributes)).toEqual([
      expect.objectContaining({
        action: 'iam:accounts.create_rejected',
        target_id: null,
        details: { reason: 'email_taken' },
      }),
    ]);
  });

  it('has no line of a write that was rejected for another reason', async () => {
    const { post, get } = await admin(app);
    const body = document('iam:accounts', { name: '', email: 'nobody@example.com' });
    expect((await post('/accounts', body, { 'x-request-id': 'rejected-2' })).status).toBe(422);
    expect((await get('/audit_events?filter[request_id]=rejected-2')).body.data).toEqual([]);
  });

  it('cannot be read without the right, and cannot be written at all', async () => {
    const owner: SignedIn = await signedIn(app, { role: 'org_owner', org: [await organization(app)] });
    expect(errorsOf(await owner.get('/audit_events'))).toEqual(['403 forbidden']);
    const { post } = await admin(app);
    expect(errorsOf(await post('/audit_events', document('iam:audit_events', {})))).toEqual(['405 method_not_allowed']);
  });

  it('cannot be changed or emptied in the database either', async () => {
    await (await admin(app)).post('/organizations', document('iam:organizations', { name: 'Acme' }));
    for (const statement of [
      "UPDATE audit_events SET action = 'x'",
      'DELETE FROM audit_events',
      'TRUNCATE audit_events',
    ]) {
      await expect(app.sql(statement)).rejects.toThrow('append-only');
    }
  });

  it('is kept for AUDIT_RETENTION_DAYS', async () => {
    const insert = `INSERT INTO audit_events (id, action, request_id, created_at)
      VALUES (gen_random_uuid(), 'x:y.created', $1, now() - make_interval(days => $2))`;
    await app.sql(insert, ['old', 366]);
    await app.sql(insert, ['young', 364]);
    await sweepNow(app);
    const kept = await app.sql("SELECT request_id FROM audit_events WHERE action = 'x:y.created'");
    expect(kept).toEqual([{ request_id: 'young' }]);
  });
});
