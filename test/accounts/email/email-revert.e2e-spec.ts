import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EmailReverts, type RevertedChange } from '../../../src/accounts/email/email-reverts.js';
import { resetToken, secretsOf } from '../../passwords/tokens.js';
import { sessionIds } from '../../sign-in/sessions.js';
import { startApp, type TestApp } from '../../support/app.js';
import { as, document, errorsOf, type ApiClient } from '../../support/client.js';
import { admin, PASSWORD, signedIn, signIn } from '../../support/factories.js';
import { mailedToken, mailsTo } from '../mails.js';
import { changed, changeEmail, confirm, emailOf, newAddress, revert } from './email-app.js';

describe('Taking a change of the e-mail back', () => {
  let app: TestApp;
  let root: ApiClient;
  let reverted: RevertedChange[] = [];

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
    app.nest.get(EmailReverts, { strict: false }).register(async (change, tx) => {
      expect(tx.manager.queryRunner?.isTransactionActive).toBe(true);
      reverted.push(change);
    });
  });
  afterAll(() => app.stop());
  beforeEach(() => {
    reverted = [];
  });

  it('puts the former one back and shuts out who has changed it', async () => {
    const { user, former, email, takeBack } = await changed(app);
    const { id } = user.account;
    const other = await signIn(app, { email, password: PASSWORD });
    const response = await revert(app, takeBack);
    expect([response.status, response.text]).toEqual([204, '']);
    expect(await emailOf(app, id)).toBe(former);
    expect(await sessionIds(app, id)).toEqual([]);
    for (const token of [user.token, other.token]) expect((await as(app, token).get('/auth/me')).status).toBe(401);
    for (const address of [former, email]) {
      expect((await as(app).post('/auth/login', { email: address, password: PASSWORD })).status).toBe(401);
    }
    expect(await secretsOf(app, id)).toMatchObject({ hashedPassword: null });
    // With the reset that is mailed to it, the owner is back.
    const reset = await mailedToken(app, former, 2);
    const password = 'Another-horse-9';
    expect((await as(app).post('/account/passwords/reset', { token: reset, password })).status).toBe(204);
    expect((await signIn(app, { email: former, password })).token).toEqual(expect.any(String));
  });

  it('is recorded, and ends each session with its reason', async () => {
    const { user, takeBack } = await changed(app);
    await revert(app, takeBack);
    const [event] = await app.sql(
      `SELECT actor_id, target_id FROM audit_events WHERE action = 'iam:accounts.email_reverted' AND target_id = $1`,
      [user.account.id],
    );
    expect(event).toEqual({ actor_id: user.account.id, target_id: user.account.id });
  });

  it('lets modules undo what was made since, in the same transaction', async () => {
    const before = Date.now();
    const { user, takeBack } = await changed(app);
    await revert(app, takeBack);
    expect(reverted).toEqual([{ accountId: user.account.id, since: expect.any(Date) }]);
    expect(Math.abs(Number(reverted[0]?.since) - before)).toBeLessThan(30_000);
  });

  it('voids every other link of the account', async () => {
    const { user, email, takeBack } = await changed(app);
    const reset = await resetToken(app, user.account.id);
    const next = newAddress();
    await user.post('/account/email', { email: next });
    const proof = await mailedToken(app, next);
    await revert(app, takeBack);
    expect(errorsOf(await confirm(app, proof))).toEqual(['404 invalid_token']);
    const body = { token: reset, password: 'Another-horse-9' };
    expect(errorsOf(await as(app).post('/account/passwords/reset', body))).toEqual(['404 invalid_token']);
    expect(errorsOf(await revert(app, takeBack))).toEqual(['404 invalid_token']);
    expect((await mailsTo(app, email)).length).toBe(1);
  });

  it('works after several changes with the link of each, and a later owner cannot keep an earlier one out', async () => {
    const first = await changed(app);
    const second = await changeEmail(app, first.user, first.email);
    const third = await changeEmail(app, first.user, second.email);
    // The thief takes a later change back. What was mailed to the first owner stays good.
    expect((await revert(app, second.takeBack)).status).toBe(204);
    expect(await emailOf(app, first.user.account.id)).toBe(first.email);
    expect(errorsOf(await revert(app, third.takeBack))).toEqual(['404 invalid_token']);
    expect((await revert(app, first.takeBack)).status).toBe(204);
    expect(await emailOf(app, first.user.account.id)).toBe(first.former);
  });

  it('is done by one of 8 who have the link at once', async () => {
    const { takeBack, former } = await changed(app);
    const responses = await Promise.all(Array.from({ length: 8 }, () => revert(app, takeBack)));
    expect(responses.map(({ status }) => status).sort()).toEqual([204, ...Array.from({ length: 7 }, () => 404)]);
    expect((await mailsTo(app, former, 2)).length).toBe(2);
  });

  it('outlives a change of the password, a reset and the status of the account', async () => {
    const { user, former, email, takeBack } = await changed(app);
    const { id } = user.account;
    await as(app).post('/account/passwords/reset', { token: await resetToken(app, id), password: 'Another-horse-9' });
    await root.patch(`/accounts/${id}`, document('iam:accounts', { enabled: false }, id));
    expect((await revert(app, takeBack)).status).toBe(204);
    expect(await emailOf(app, id)).toBe(former);
    expect(app.mails.mails.filter(({ parsed }) => parsed.subject === 'Reset your Iam password')).not.toContainEqual(
      expect.objectContaining({ recipients: [email] }),
    );
  });

  describe('is possible for seven days, in which the former e-mail', () => {
    const create = (email: string) => root.post('/accounts', document('iam:accounts', { email }));

    it('belongs to no other account: not by create, not by a change', async () => {
      const { former, takeBack } = await changed(app);
      expect(errorsOf(await create(former.toUpperCase()))).toEqual(['409 conflict /data/attributes/email']);
      const other = await signedIn(app);
      expect((await other.post('/account/email', { email: former })).status).toBe(204);
      const proof = await mailedToken(app, former, 2);
      expect(errorsOf(await confirm(app, proof))).toEqual(['409 conflict']);
      expect(await emailOf(app, other.account.id)).toBe(other.account.email);
      expect((await revert(app, takeBack)).status).toBe(204);
    });

    it('may be taken again by the same account', async () => {
      const { user, former } = await changed(app);
      await user.post('/account/email', { email: former });
      expect((await confirm(app, await mailedToken(app, former, 2))).status).toBe(204);
      expect(await emailOf(app, user.account.id)).toBe(former);
    });

    it('is free for others after that, and the link has expired', async () => {
      const { user, former, takeBack } = await changed(app);
      const [row] = await app.sql<{ days: string }>(
        `SELECT extract(epoch FROM expires_at - created_at) / 86400 AS days FROM one_time_tokens
         WHERE account_id = $1 AND purpose = 'email_revert'`,
        [user.account.id],
      );
      expect(Number(row?.days)).toBeCloseTo(7, 3);
      await app.sql(`UPDATE one_time_tokens SET expires_at = now() WHERE account_id = $1`, [user.account.id]);
      expect(errorsOf(await revert(app, takeBack))).toEqual(['422 expired_token']);
      expect((await create(former)).status).toBe(200);
    });

    it('is not given away by creates at the moment of the change', async () => {
      const user = await signedIn(app);
      const email = newAddress();
      await user.post('/account/email', { email });
      const proof = await mailedToken(app, email);
      const [confirmed, ...created] = await Promise.all([
        confirm(app, proof),
        ...Array.from({ length: 10 }, () => create(user.account.email)),
      ]);
      expect(confirmed?.status).toBe(204);
      expect(created.map(({ status }) => status)).toEqual(created.map(() => 409));
    });
  });

  it('has a bound: an account has ten links at most', async () => {
    const { user, email } = await changed(app);
    await app.sql(
      `INSERT INTO one_time_tokens (id, hash, purpose, account_id, expires_at)
       SELECT gen_random_uuid(), encode(sha256(($1::text || n)::bytea), 'hex'), 'email_revert', $1::uuid,
         now() + interval '1 day'
       FROM generate_series(1, 9) n`,
      [user.account.id],
    );
    const next = newAddress();
    await user.post('/account/email', { email: next });
    expect(errorsOf(await confirm(app, await mailedToken(app, next)))).toEqual(['409 conflict']);
    expect(await emailOf(app, user.account.id)).toBe(email);
  });
});
