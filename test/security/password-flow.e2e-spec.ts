import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { mailedToken } from '../accounts/mails.js';
import { secretsOf } from '../passwords/tokens.js';
import { sessionIds } from '../sign-in/sessions.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, type ApiResponse } from '../support/client.js';
import { account, organization, PASSWORD, signedIn, type SignedIn, type TestAccount } from '../support/factories.js';

const NEW_PASSWORD = 'Another-horse-9';

/** Requests of an attacker without the mail and the password; the numbers choose among the known values. */
type Step = (attacker: Attacker, value: (from: number) => unknown) => Promise<ApiResponse>;

interface Attacker extends SignedIn {
  readonly victim: TestAccount;
}

const STEPS: Record<string, Step> = {
  'ask for a reset': ({ post, victim }) => post('/account/passwords/request_reset', { email: victim.email }),
  'ask for a reset to another place': ({ post, victim }) =>
    post('/account/passwords/request_reset', { email: victim.email }, { host: 'evil.example.net' }),
  'ask for a reset to two people': ({ post, victim, account: self }) =>
    post('/account/passwords/request_reset', { email: [victim.email, self.email] }),
  'ask for an own reset': ({ post, account: self }) => post('/account/passwords/request_reset', { email: self.email }),
  'ask whether a token is valid': ({ get }, value) =>
    get(`/account/passwords/token_valid?token=${encodeURIComponent(String(value(0)))}`),
  reset: ({ post }, value) => post('/account/passwords/reset', { token: value(0), password: NEW_PASSWORD }),
  'reset for an account': ({ post, victim }, value) =>
    post('/account/passwords/reset', {
      token: value(0),
      password: NEW_PASSWORD,
      account_id: victim.id,
      email: victim.email,
    }),
  change: ({ post }, value) =>
    post('/account/passwords/change', { current_password: value(0), new_password: NEW_PASSWORD }),
  'change for an account': ({ post, victim }, value) =>
    post('/account/passwords/change', { current_password: value(0), new_password: NEW_PASSWORD, id: victim.id }),
  join: ({ patch }, value) =>
    patch(`/accounts/${encodeURIComponent(String(value(0)))}/join`, { password: NEW_PASSWORD }),
  'write into the account': ({ patch, victim }, value) =>
    patch(
      `/accounts/${victim.id}`,
      document('iam:accounts', { password: NEW_PASSWORD, hashed_password: value(0) }, victim.id),
    ),
  'write a token into the account': ({ patch, victim }, value) =>
    patch(`/accounts/${victim.id}`, document('iam:accounts', { password_reset_token: value(0) }, victim.id)),
  'make another account of that e-mail': ({ post, victim, account: self }) =>
    post('/accounts', document('iam:accounts', { name: 'x', email: victim.email, role_scope: { org: [self.id] } })),
  invite: ({ post, victim }) => post(`/accounts/${victim.id}/resend_invitation`),
  'sign in': ({ post, victim }, value) => post('/auth/login', { email: victim.email, password: value(0) }),
  'prove an e-mail': ({ post }, value) => post('/account/email/confirm', { token: value(0) }),
  'take an e-mail back': ({ post }, value) => post('/account/email/revert', { token: value(0) }),
  'ask for the e-mail': ({ post, victim }) => post('/account/email', { email: victim.email }),
  'prove who one is': ({ post }, value) => post('/auth/reauthenticate', { password: value(0) }),
  refresh: ({ post }, value) => post('/auth/refresh', { refresh_token: value(0) }),
};

describe('Lesson 4: the reset of a password', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  const outboxEmpty = async (): Promise<void> => {
    while ((await app.sql('SELECT id FROM graphile_worker.jobs')).length > 0) await sleep(10);
  };

  it('#4 cannot be walked around, in whatever order an owner of the same organization sends requests', async () => {
    const org = await organization(app);
    const victim = await account(app, { org: [org] });
    const attacker = { ...(await signedIn(app, { role: 'org_owner', org: [org] })), victim };
    await as(app).post('/account/passwords/request_reset', { email: attacker.account.email });
    const ownToken = await mailedToken(app, attacker.account.email);
    const before = (await secretsOf(app, victim.id)).hashedPassword;
    const step = fc.record({
      name: fc.constantFrom(...Object.keys(STEPS)),
      choice: fc.nat(20),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 12, maxLength: 20 }), async (steps) => {
        for (const { name, choice } of steps) {
          const {
            hashedPassword: hash,
            resets: [stored = null],
          } = await secretsOf(app, victim.id);
          // Also what a reader of the database knows.
          const known = [
            ownToken,
            attacker.token,
            attacker.refreshToken,
            victim.id,
            victim.email,
            hash,
            stored,
            '',
            null,
            true,
            0,
            'null',
            '%',
            '_',
            [],
            {},
            [stored],
            { $ne: null },
            PASSWORD.toLowerCase(),
            `${stored}' OR '1'='1`,
            `${ownToken}\0`,
          ];
          const response = await STEPS[name]?.(attacker, (from) => known[(choice + from) % known.length]);
          if ((response?.status ?? 500) >= 500) throw new Error(`${name} gave ${response?.status}`);
          if ((await secretsOf(app, victim.id)).hashedPassword !== before)
            throw new Error(`${name} changed the password`);
          // An own reset is the attacker's good right, and ends the session that the next steps need.
          if ((await attacker.get('/auth/me')).status !== 200) Object.assign(attacker, await signInAgain(attacker));
        }
      }),
      { numRuns: 6, endOnFailure: true },
    );
    expect((await secretsOf(app, victim.id)).hashedPassword).toBe(before);
    expect(await sessionIds(app, victim.id)).toEqual([]);
  });

  /** The attacker's own password may have been reset by now. */
  const signInAgain = async ({ account: self }: Attacker) => {
    for (const password of [PASSWORD, NEW_PASSWORD]) {
      const { status, body } = await as(app).post('/auth/login', { email: self.email, password });
      if (status !== 200) continue;
      const { token, refresh_token: refreshToken } = body.meta;
      return { ...as(app, token), token, refreshToken };
    }
    throw new Error('The attacker is locked out');
  };

  it('#4 needs the token of the mail, or the current password, and with one of these it works', async () => {
    const actor = await signedIn(app);
    const { id, email } = actor.account;
    const before = (await secretsOf(app, id)).hashedPassword;
    await as(app).post('/account/passwords/request_reset', { email });
    const token = await mailedToken(app, email);
    await outboxEmpty();
    expect((await secretsOf(app, id)).hashedPassword).toBe(before);
    expect((await as(app).post('/account/passwords/reset', { token, password: NEW_PASSWORD })).status).toBe(204);
    const after = (await secretsOf(app, id)).hashedPassword;
    expect(after).not.toBe(before);
    const { body } = await as(app).post('/auth/login', { email, password: NEW_PASSWORD });
    const change = { current_password: NEW_PASSWORD, new_password: PASSWORD };
    expect((await as(app, body.meta.token).post('/account/passwords/change', change)).status).toBe(204);
    expect((await secretsOf(app, id)).hashedPassword).not.toBe(after);
  });

  it('#4 opens nothing between the request and the mail', async () => {
    const { id, email } = await account(app);
    for (const tried of ['', 'null', id, email]) {
      await as(app).post('/account/passwords/request_reset', { email });
      const response = await as(app).post('/account/passwords/reset', { token: tried, password: NEW_PASSWORD });
      expect(response.status).toBe(404);
    }
  });
});
