import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newToken } from '../../src/auth/tokens/secrets.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf, type ApiResponse, type ApiClient } from '../support/client.js';
import { account, admin, storeToken, type TestAccount } from '../support/factories.js';
import { resetToken, secretsOf } from './tokens.js';

const NEW_PASSWORD = 'Another-horse-9';

describe('The tokens of an account', () => {
  let app: TestApp;
  let root: ApiClient;
  let invited: TestAccount;
  let invitation: string;
  let resets: string[];

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
  });
  afterAll(() => app.stop());

  /** An invited account with two reset tokens. */
  beforeEach(async () => {
    const { token, hash } = newToken();
    invitation = token;
    invited = await account(app, {
      joined: false,
      invitation: { hash, expiresAt: new Date(Date.now() + 3_600_000) },
    });
    resets = [await resetToken(app, invited.id), await resetToken(app, invited.id)];
  });

  const join = (token = invitation, body = { password: NEW_PASSWORD }): Promise<ApiResponse> =>
    as(app).patch(`/accounts/${token}/join`, body);
  const reset = (token: string, password = NEW_PASSWORD): Promise<ApiResponse> =>
    as(app).post('/account/passwords/reset', { token, password });
  const change = (attributes: Record<string, unknown>): Promise<ApiResponse> =>
    root.patch(`/accounts/${invited.id}`, document('iam:accounts', attributes, invited.id));
  const left = async (): Promise<number[]> => {
    const { invitations, resets: reset } = await secretsOf(app, invited.id);
    return [invitations.length, reset.length];
  };

  it('are all void once one of them joined it', async () => {
    expect((await join()).status).toBe(204);
    expect(await left()).toEqual([0, 0]);
    for (const token of resets) expect(errorsOf(await reset(token))).toEqual(['404 invalid_token']);
  });

  it('are all void once one of them reset its password, by which it has joined', async () => {
    expect((await reset(resets[0] ?? '')).status).toBe(204);
    expect(await left()).toEqual([0, 0]);
    expect(errorsOf(await reset(resets[1] ?? ''))).toEqual(['404 invalid_token']);
    expect(errorsOf(await join())).toEqual(['404 invalid_token']);
    const { data } = (await root.get(`/accounts/${invited.id}`)).body;
    expect(data.attributes).toMatchObject({ joined_at: expect.any(String), invitation_expired_at: null });
  });

  it('are all void once it is disabled, also when it is enabled again', async () => {
    expect((await change({ enabled: false })).status).toBe(200);
    expect(await left()).toEqual([0, 0]);
    expect((await change({ enabled: true })).body.data.attributes.invitation_expired_at).toBeNull();
    for (const response of [await join(), await reset(resets[0] ?? '')])
      expect(errorsOf(response)).toEqual(['404 invalid_token']);
  });

  it('are gone with it, and so is its password', async () => {
    await join();
    await storeToken(app, invited.id, 'reset', { hash: newToken().hash, expiresAt: '2999-01-01' });
    expect((await root.delete(`/accounts/${invited.id}`)).status).toBe(204);
    for (const table of ['one_time_tokens', 'account_credentials']) {
      expect(await app.sql(`SELECT 1 FROM ${table} WHERE account_id = $1`, [invited.id])).toEqual([]);
    }
  });

  it('for resets stay good when its invitation is sent again, and the earlier invitation does not', async () => {
    expect((await root.post(`/accounts/${invited.id}/resend_invitation`)).status).toBe(204);
    expect(await left()).toEqual([1, 2]);
    expect(errorsOf(await join())).toEqual(['404 invalid_token']);
    expect((await reset(resets[1] ?? '')).status).toBe(204);
  });

  it('let one in, whichever of them are used at once', async () => {
    const responses = await Promise.all([
      ...Array.from({ length: 5 }, () => join()),
      ...resets.flatMap((token) => Array.from({ length: 5 }, () => reset(token))),
    ]);
    expect(responses.filter(({ status }) => status === 204)).toHaveLength(1);
    for (const response of responses.filter(({ status }) => status !== 204)) {
      expect(errorsOf(response)).toEqual(['404 invalid_token']);
    }
    expect(await secretsOf(app, invited.id)).toMatchObject({ passwordVersion: 1, invitations: [], resets: [] });
  });

  it('leave nothing good behind when it is disabled and invited while they are used', async () => {
    const responses = await Promise.all([
      join(),
      reset(resets[0] ?? ''),
      root.post(`/accounts/${invited.id}/resend_invitation`),
      as(app).post('/account/passwords/request_reset', { email: invited.email }),
      change({ enabled: false }),
      join(),
    ]);
    // Whichever is first: no order of locks ends in a deadlock or an internal error.
    expect(responses.map(({ status }) => status).filter((status) => status >= 500)).toEqual([]);
    expect((await change({ enabled: false })).status).toBe(200);
    expect(await left()).toEqual([0, 0]);
  });

  it('raise the version of the password when they set one, and a change does too', async () => {
    await join();
    const version = async (): Promise<number> => (await secretsOf(app, invited.id)).passwordVersion;
    expect(await version()).toBe(1);
    await reset(await resetToken(app, invited.id), 'Third-horse-11');
    expect(await version()).toBe(2);
    const signedIn = await as(app).post('/auth/login', { email: invited.email, password: 'Third-horse-11' });
    const next = { current_password: 'Third-horse-11', new_password: NEW_PASSWORD };
    expect((await as(app, signedIn.body.meta.token).post('/account/passwords/change', next)).status).toBe(204);
    expect(await version()).toBe(3);
  });
});
