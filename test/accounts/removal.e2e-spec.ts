import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf, send } from '../support/client.js';
import { account, admin, organization, signedIn, signIn } from '../support/factories.js';
import { mailedToken } from './mails.js';

const TYPE = 'iam:accounts';
const NEW_PASSWORD = 'Another-horse-9';

/** How an account is shut out: disabled, which can be undone, and deleted, which cannot. */
describe('Shutting an account out', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  const resetToken = async (email: string): Promise<string> => {
    await as(app).post('/account/passwords/request_reset', { email });
    return mailedToken(app, email);
  };

  const setEnabled = async (id: string, enabled: boolean) =>
    (await admin(app)).patch(`/accounts/${id}`, document(TYPE, { enabled }, id));

  describe('by disabling it', () => {
    it('ends all its sessions at once, and no refresh brings one back', async () => {
      const first = await signedIn(app);
      const second = await signIn(app, first.account);
      expect((await setEnabled(first.account.id, false)).status).toBe(200);
      for (const { token, refreshToken } of [first, second]) {
        expect(errorsOf(await as(app, token).get('/accounts'))).toEqual(['401 unauthenticated Authorization']);
        const body = { refresh_token: refreshToken };
        expect((await send(app, 'POST', '/auth/refresh', { body })).status).toBe(401);
      }
      expect(await app.sql('SELECT 1 FROM account_sessions WHERE account_id = $1', [first.account.id])).toEqual([]);
    });

    it('rejects its sign-in, with the reason only after the right password', async () => {
      const { id, email, password } = await account(app);
      await setEnabled(id, false);
      expect(errorsOf(await as(app).post('/auth/login', { email, password }))).toEqual(['401 account_disabled']);
      expect(errorsOf(await as(app).post('/auth/login', { email, password: 'Wrong-horse-1' }))).toEqual([
        '401 invalid_credentials',
      ]);
    });

    it('voids its reset token, also after it is enabled again', async () => {
      const { id, email } = await account(app);
      const token = await resetToken(email);
      const reset = () => as(app).post('/account/passwords/reset', { token, password: NEW_PASSWORD });
      await setEnabled(id, false);
      expect((await as(app).get(`/account/passwords/token_valid?token=${token}`)).body).toEqual({
        data: { valid: false },
      });
      expect(errorsOf(await reset())).toEqual(['404 invalid_token']);
      await setEnabled(id, true);
      expect(errorsOf(await reset())).toEqual(['404 invalid_token']);
    });

    it('voids its invitation, and a new one may be sent once it is enabled again', async () => {
      const { post, get } = await admin(app);
      const email = `${randomUUID()}@example.com`;
      const { id } = (await post('/accounts', document(TYPE, { name: 'Ada', email, role_name: 'user' }))).body.data;
      const token = await mailedToken(app, email);
      const response = await setEnabled(id, false);
      expect(response.body.data.attributes).toMatchObject({ enabled: false, invitation_expired_at: null });
      expect(errorsOf(await as(app).patch(`/accounts/${token}/join`))).toEqual(['404 invalid_token']);
      expect(errorsOf(await post(`/accounts/${id}/resend_invitation`))).toEqual(['409 conflict']);
      await setEnabled(id, true);
      expect(errorsOf(await as(app).patch(`/accounts/${token}/join`))).toEqual(['404 invalid_token']);
      expect((await post(`/accounts/${id}/resend_invitation`)).status).toBe(204);
      const renewed = await mailedToken(app, email, 2);
      expect((await as(app).patch(`/accounts/${renewed}/join`)).status).toBe(204);
      expect((await get(`/accounts/${id}`)).body.data.attributes.joined_at).not.toBeNull();
    });

    it('keeps everything else: enabled again, it signs in as before', async () => {
      const org = await organization(app);
      const made = await account(app, { org: [org], role: 'org_owner' });
      await setEnabled(made.id, false);
      const response = await setEnabled(made.id, true);
      expect(response.body.data.attributes).toMatchObject({ role_name: 'org_owner', role_scope: { org: [org] } });
      expect((await as(app, (await signIn(app, made)).token).get('/accounts')).status).toBe(200);
    });

    it('sends no reset mail to it', async () => {
      const [disabled, enabled] = [await account(app, { enabled: false }), await account(app)];
      await as(app).post('/account/passwords/request_reset', { email: disabled.email });
      await resetToken(enabled.email);
      expect(app.mails.mails.flatMap(({ recipients }) => recipients)).not.toContain(disabled.email);
    });
  });

  describe('by deleting it', () => {
    it('takes the account, its sessions and its memberships away together', async () => {
      const org = await organization(app);
      const { token, account: made } = await signedIn(app, { org: [org] });
      const actor = await admin(app);
      const response = await actor.delete(`/accounts/${made.id}`);
      expect([response.status, response.text]).toEqual([204, '']);
      expect(errorsOf(await actor.get(`/accounts/${made.id}`))).toEqual(['404 not_found']);
      expect(errorsOf(await actor.delete(`/accounts/${made.id}`))).toEqual(['404 not_found']);
      expect(errorsOf(await as(app, token).get('/accounts'))).toEqual(['401 unauthenticated Authorization']);
      const { email, password } = made;
      expect(errorsOf(await as(app).post('/auth/login', { email, password }))).toEqual(['401 invalid_credentials']);
      for (const table of ['account_sessions', 'memberships']) {
        expect(await app.sql(`SELECT 1 FROM ${table} WHERE account_id = $1`, [made.id])).toEqual([]);
      }
      expect((await actor.get(`/organizations/${org}`)).status).toBe(200);
    });

    it('frees its e-mail', async () => {
      const actor = await admin(app);
      const { id, email } = await account(app);
      const again = document(TYPE, { name: 'Ada', email, role_name: 'user' });
      expect((await actor.post('/accounts', again)).status).toBe(409);
      await actor.delete(`/accounts/${id}`);
      expect((await actor.post('/accounts', again)).status).toBe(200);
    });

    it('voids its tokens', async () => {
      const actor = await admin(app);
      const { id, email } = await account(app);
      const token = await resetToken(email);
      await actor.delete(`/accounts/${id}`);
      expect(errorsOf(await as(app).post('/account/passwords/reset', { token, password: NEW_PASSWORD }))).toEqual([
        '404 invalid_token',
      ]);
    });

    it('happens only while it has the version that If-Match names', async () => {
      const actor = await admin(app);
      const { id } = await account(app);
      const stale = (await actor.get(`/accounts/${id}`)).headers.get('etag') ?? '';
      await actor.patch(`/accounts/${id}`, document(TYPE, { name: 'Changed' }));
      expect(errorsOf(await actor.delete(`/accounts/${id}`, { 'if-match': stale }))).toEqual([
        '412 precondition_failed If-Match',
      ]);
      expect((await actor.delete(`/accounts/${id}`, { 'if-match': '*' })).status).toBe(204);
    });

    it('answers one of many at once with 204 and all others with 404', async () => {
      const actor = await admin(app);
      const { id } = await account(app);
      const responses = await Promise.all(Array.from({ length: 8 }, () => actor.delete(`/accounts/${id}`)));
      expect(responses.map(({ status }) => status).sort()).toEqual([204, ...Array(7).fill(404)]);
    });

    it('takes no parameters, and nothing that is no id', async () => {
      const actor = await admin(app);
      const { id } = await account(app);
      expect(errorsOf(await actor.delete(`/accounts/${id}?force=true`))).toEqual(['400 invalid_parameter force']);
      expect(errorsOf(await actor.delete('/accounts/nope'))).toEqual(['404 not_found']);
    });
  });
});
