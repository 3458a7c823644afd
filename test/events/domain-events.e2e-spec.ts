import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Audit } from '../../src/events/audit.js';
import type { IamEvent } from '../../src/events/iam-event.js';
import { Transactions } from '../../src/json-api/sql/sql.js';
import { mailedToken, mailsTo, tokenIn } from '../accounts/mails.js';
import { startApp, type TestApp } from '../support/app.js';
import { document, errorsOf, send } from '../support/client.js';
import type { CaughtMail } from '../support/smtp-sink.js';
import { account, admin, PASSWORD, signedIn, signIn } from '../support/factories.js';
import { listener, listening, settled } from './listeners.js';

const UUID = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[\da-f]{4}-[\da-f]{12}$/;

describe('Events', () => {
  const heard: IamEvent[] = [];
  let app: TestApp;
  let root: Awaited<ReturnType<typeof admin>>;

  beforeAll(async () => {
    app = await startApp({ extension: listening(listener('Recorder', (event) => void heard.push(event))) });
    root = await admin(app);
  });
  afterAll(() => app.stop());
  beforeEach(async () => {
    await settled(app);
    heard.length = 0;
  });

  /** The received events, once all have been delivered: in the order of the actions. */
  async function events(): Promise<IamEvent[]> {
    await settled(app);
    return heard.toSorted((one, other) => one.id.localeCompare(other.id));
  }

  /** The same, short: the name, who did it, to what, and the details. */
  const received = async (): Promise<unknown[]> =>
    (await events()).map(({ name, actorId, target, details }) => [name, actorId, target?.id, details]);

  /** The sessions that ended, and how. */
  const ended = async (): Promise<unknown[]> =>
    (await events())
      .filter(({ name }) => name === 'iam:account_sessions.ended')
      .map(({ actorId, target, details }) => [target?.id, actorId, details])
      .sort();

  const sessionOf = async (accountId: string): Promise<string[]> =>
    (
      await app.sql<{ id: string }>('SELECT id FROM account_sessions WHERE account_id = $1 ORDER BY id', [accountId])
    ).map(({ id }) => id);

  /** The token of the n-th reset mail, among whatever else was sent. */
  async function resetToken(email: string, nth = 1): Promise<string> {
    const resets = (mails: readonly CaughtMail[]) =>
      mails.filter(({ parsed }) => parsed.text?.includes('/reset-password?token='));
    const mails = resets(await mailsTo(app, email, (all) => resets(all).length >= nth));
    return tokenIn(mails[nth - 1] as CaughtMail);
  }

  it('are emitted when organizations are created, updated and deleted, each once', async () => {
    const { id } = (await root.post('/organizations', document('iam:organizations', { name: 'Acme' }))).body.data;
    await root.patch(`/organizations/${id}`, document('iam:organizations', { name: 'Acme Ltd' }));
    await root.delete(`/organizations/${id}`);
    expect(await received()).toEqual([
      ['iam:organizations.created', root.id, id, { attributes: ['name'] }],
      ['iam:organizations.updated', root.id, id, { attributes: ['name'] }],
      ['iam:organizations.deleted', root.id, id, {}],
    ]);
  });

  it('have the id of their line in the audit trail, a time, and nothing that can be changed', async () => {
    const before = new Date().toISOString();
    const { id } = (await root.post('/organizations', document('iam:organizations', { name: 'Acme' }))).body.data;
    const [event] = await events();
    expect(event).toEqual({
      id: expect.stringMatching(UUID),
      name: 'iam:organizations.created',
      occurredAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      actorId: root.id,
      target: { type: 'iam:organizations', id },
      details: { attributes: ['name'] },
    });
    expect([event?.occurredAt, before, new Date().toISOString()].sort()[1]).toBe(event?.occurredAt);
    expect((await root.get(`/audit_events/${event?.id}`)).body.data.attributes.target_id).toBe(id);
    expect([event, event?.target, event?.details, event?.details['attributes']].every(Object.isFrozen)).toBe(true);
  });

  it('are emitted for an account from its invitation to its deletion', async () => {
    const attributes = { name: 'Jane', email: 'jane@example.com' };
    const { id } = (await root.post('/accounts', document('iam:accounts', attributes))).body.data;
    const token = await mailedToken(app, 'jane@example.com');
    await send(app, 'PATCH', `/accounts/${token}/join`, { body: { password: PASSWORD } });
    await root.patch(`/accounts/${id}`, document('iam:accounts', { role_name: 'org_owner' }));
    await root.delete(`/accounts/${id}`);
    expect(await received()).toEqual([
      ['iam:accounts.invited', root.id, id, {}],
      ['iam:accounts.created', root.id, id, { attributes: ['name', 'email', 'role_name'] }],
      ['iam:accounts.joined', id, id, {}],
      ['iam:accounts.role_changed', root.id, id, { from: 'user', to: 'org_owner' }],
      ['iam:accounts.updated', root.id, id, { attributes: ['role_name'] }],
      ['iam:accounts.deleted', root.id, id, {}],
    ]);
  });

  it('are emitted when a user joins by setting a password with a reset token', async () => {
    const { id, email } = await account(app, { joined: false });
    for (const [nth, password] of [
      [1, 'Third-horse-99'],
      [2, 'Fourth-horse-99'],
    ] as const) {
      await send(app, 'POST', '/account/passwords/request_reset', { body: { email } });
      await send(app, 'POST', '/account/passwords/reset', { body: { token: await resetToken(email, nth), password } });
    }
    expect((await received()).map((event) => (event as unknown[]).slice(0, 3))).toEqual([
      ['iam:accounts.joined', id, id],
      ['iam:accounts.password_reset', id, id],
      ['iam:accounts.password_reset', id, id],
    ]);
  });

  it('are emitted when a session starts and when it is signed out', async () => {
    const { id, ...user } = await account(app);
    const { token } = await signIn(app, user);
    const [session] = await sessionOf(id);
    await send(app, 'POST', '/auth/logout', { token });
    expect(await received()).toEqual([
      ['iam:account_sessions.created', id, session, { account_id: id }],
      ['iam:account_auths.signed_in', id, session, {}],
      ['iam:account_sessions.ended', id, session, { account_id: id, reason: 'signed_out' }],
      ['iam:account_auths.signed_out', id, session, { everywhere: false }],
    ]);
    expect((await events())[0]?.target?.type).toBe('iam:account_sessions');
  });

  it.each([
    [
      'signed_out',
      'their owner, everywhere',
      async ({ token }) => send(app, 'POST', '/auth/logout', { token, body: { everywhere: true } }),
    ],
    [
      'password_reset',
      'a password that is reset',
      async ({ email }) => {
        await send(app, 'POST', '/account/passwords/request_reset', { body: { email } });
        const body = { token: await resetToken(email), password: 'Third-horse-99' };
        return send(app, 'POST', '/account/passwords/reset', { body });
      },
    ],
    [
      'account_disabled',
      'disabling the account',
      async ({ id }) => root.patch(`/accounts/${id}`, document('iam:accounts', { enabled: false })),
    ],
    ['account_deleted', 'deleting the account', async ({ id }) => root.delete(`/accounts/${id}`)],
  ] as [string, string, (of: { id: string; email: string; token: string }) => ReturnType<typeof send>][])(
    'are emitted for all sessions that end, as %s, by %s',
    async (reason, _by, end) => {
      const { id, email, password } = await account(app);
      await signIn(app, { email, password });
      const { token } = await signIn(app, { email, password });
      const sessions = await sessionOf(id);
      // One that has expired is over already.
      await app.sql(
        `INSERT INTO account_sessions (id, account_id, nonce, ip, refreshed_at, expires_at)
         VALUES (gen_random_uuid(), $1, 'n', '127.0.0.1', now(), now() - interval '1 second')`,
        [id],
      );
      expect((await end({ id, email, token })).status).toBeLessThan(300);
      const actor = reason.startsWith('account') ? root.id : id;
      expect(await ended()).toEqual(sessions.map((session) => [session, actor, { account_id: id, reason }]));
    },
  );

  it('are emitted for the other sessions that a changed password ends', async () => {
    const { account: made, post } = await signedIn(app);
    const [own] = await sessionOf(made.id);
    await signIn(app, made);
    const other = (await sessionOf(made.id)).find((id) => id !== own);
    await post('/account/passwords/change', { current_password: PASSWORD, new_password: 'Another-horse-8' });
    expect(await ended()).toEqual([[other, made.id, { account_id: made.id, reason: 'password_changed' }]]);
  });

  it('are emitted for a deleted session, as deleted and as ended', async () => {
    const { account: made } = await signedIn(app);
    const [session] = await sessionOf(made.id);
    await settled(app);
    heard.length = 0;
    await root.delete(`/account_sessions/${session}`);
    expect(await received()).toEqual([
      ['iam:account_sessions.ended', root.id, session, { account_id: made.id, reason: 'session_deleted' }],
      ['iam:account_sessions.deleted', root.id, session, {}],
    ]);
  });

  it('are emitted for a session that ends because its refresh token was reused, without an actor', async () => {
    const { account: made, refreshToken } = await signedIn(app);
    const [session] = await sessionOf(made.id);
    const refresh = () => send(app, 'POST', '/auth/refresh', { body: { refresh_token: refreshToken } });
    await refresh();
    await app.sql("UPDATE account_sessions SET refreshed_at = refreshed_at - interval '1 minute' WHERE id = $1", [
      session,
    ]);
    expect((await refresh()).status).toBe(401);
    expect(await ended()).toEqual([[session, null, { account_id: made.id, reason: 'refresh_reused' }]]);
  });

  it('are not emitted for what was rejected, rolled back, or changed nothing', async () => {
    const { email } = await account(app);
    expect(errorsOf(await root.post('/accounts', document('iam:accounts', { name: '', email })))).toEqual([
      '422 validation_failed /data/attributes/name',
    ]);
    const failed = app.nest.get(Transactions, { strict: false }).run(async (tx) => {
      await app.nest.get(Audit).record(tx, { action: 'iam:organizations.created', actorId: root.id });
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    const { id } = (await root.post('/organizations', document('iam:organizations', { name: 'Acme' }))).body.data;
    await root.patch(`/organizations/${id}`, document('iam:organizations', { name: 'Acme' }));
    expect((await received()).map((event) => (event as unknown[]).slice(0, 3))).toEqual([
      ['iam:organizations.created', root.id, id],
    ]);
  });

  it('carry no secret', async () => {
    const email = 'canary@example.com';
    await root.post('/accounts', document('iam:accounts', { name: 'Canary', email }));
    const invitation = await mailedToken(app, email);
    await send(app, 'PATCH', `/accounts/${invitation}/join`, { body: { password: PASSWORD } });
    const tokens = await signIn(app, { email, password: PASSWORD });
    await send(app, 'POST', '/auth/login', { body: { email, password: 'Wrong-horse-7' } });
    const [row] = await app.sql<{ hash: string }>(
      `SELECT hashed_password AS hash FROM account_credentials
       WHERE account_id = (SELECT id FROM accounts WHERE email = $1)`,
      [email],
    );
    const text = JSON.stringify(await events());
    expect(text).toContain('iam:account_auths.sign_in_failed');
    for (const secret of [PASSWORD, 'Wrong-horse-7', invitation, tokens.token, tokens.refreshToken, email]) {
      expect(text).not.toContain(secret);
    }
    expect(row?.hash).toMatch(/^\$/);
    expect(text).not.toContain(row?.hash);
  });
});
