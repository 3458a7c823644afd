import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { hashToken } from '../../src/auth/tokens/secrets.js';
import { Transactions } from '../../src/json-api/sql/sql.js';
import { type NewOneTimeToken, OneTimeTokensRepository } from '../../src/one-time-tokens/one-time-tokens.repository.js';
import type { TokenPurpose } from '../../src/one-time-tokens/token-purposes.js';
import { startApp, type TestApp } from '../support/app.js';
import { account, type TestAccount } from '../support/factories.js';
import { sweepNow } from '../sweeps/sweep-now.js';

const EMAIL = 'new@example.com';

describe('One-time tokens', () => {
  let app: TestApp;
  let tokens: OneTimeTokensRepository;
  let transactions: Transactions;
  let owner: TestAccount;

  beforeAll(async () => {
    app = await startApp();
    tokens = app.nest.get(OneTimeTokensRepository, { strict: false });
    transactions = app.nest.get(Transactions, { strict: false });
  });
  afterAll(() => app.stop());
  beforeEach(async () => {
    owner = await account(app);
  });

  const issue = <Purpose extends TokenPurpose>(token: NewOneTimeToken<Purpose>): Promise<string | null> =>
    transactions.run((tx) => tokens.issue(token, tx));
  const confirmation = (more: Partial<NewOneTimeToken<'email_confirm'>> = {}): Promise<string | null> =>
    issue({ purpose: 'email_confirm', data: { email: EMAIL }, accountId: owner.id, ...more });
  const spend = (token: string | null, browser?: string) =>
    tokens.spend('email_confirm', hashToken(String(token)), transactions, browser);
  const rows = () =>
    app.sql<{ purpose: string; data: string | null; hash: string }>(
      'SELECT purpose, data, hash FROM one_time_tokens WHERE account_id = $1 ORDER BY id',
      [owner.id],
    );

  it('are stored as a hash, with what they carry sealed', async () => {
    const token = await confirmation();
    expect(token).toMatch(/^[\w-]{43}$/);
    const [row] = await rows();
    expect(row?.hash).toBe(hashToken(String(token)));
    expect(JSON.stringify(row)).not.toContain(EMAIL);
    expect(await spend(token)).toMatchObject({ accountId: owner.id, data: { email: EMAIL } });
  });

  it('are used once, whatever number of requests have it', async () => {
    const token = await confirmation();
    const spent = await Promise.all(Array.from({ length: 20 }, () => spend(token)));
    expect(spent.filter((one) => one !== null)).toHaveLength(1);
  });

  it('of one purpose are not used for another', async () => {
    const token = await confirmation();
    for (const purpose of ['invitation', 'reset', 'email_revert'] as const) {
      expect(await tokens.spend(purpose, hashToken(String(token)), transactions)).toBeNull();
      expect(await tokens.find(purpose, hashToken(String(token)))).toBeUndefined();
    }
    expect(await spend(token)).not.toBeNull();
  });

  it('that are bound to a browser are used there only, and a wrong try leaves them valid', async () => {
    const token = await confirmation({ browser: 'cookie' });
    expect(await spend(token)).toBeNull();
    expect(await spend(token, 'another cookie')).toBeNull();
    expect(await spend(token, 'cookie')).not.toBeNull();
    expect(await spend(await confirmation(), 'cookie')).toBeNull();
  });

  it('may belong to no account yet', async () => {
    const token = await confirmation({ accountId: null });
    expect(await spend(token)).toMatchObject({ accountId: null, data: { email: EMAIL } });
  });

  it('that have expired are not used, and are deleted a month later', async () => {
    const token = await confirmation();
    await app.sql(`UPDATE one_time_tokens SET expires_at = now() - interval '1 second' WHERE account_id = $1`, [
      owner.id,
    ]);
    expect(await spend(token)).toBeNull();
    expect(await tokens.find('email_confirm', hashToken(String(token)))).toMatchObject({ expired: true });
    await sweepNow(app);
    expect(await rows()).toHaveLength(1);
    await app.sql(`UPDATE one_time_tokens SET expires_at = now() - interval '31 days' WHERE account_id = $1`, [
      owner.id,
    ]);
    await sweepNow(app);
    expect(await rows()).toEqual([]);
  });

  it('replace the oldest of the account and purpose, or are not issued, at the maximum', async () => {
    await issue({ purpose: 'invitation', data: null, accountId: owner.id });
    const [first, second] = [await confirmation(), await confirmation()];
    expect([await spend(first), await spend(second)]).toEqual([null, expect.anything()]);
    const resets = [];
    for (let n = 0; n < 4; n++) resets.push(await issue({ purpose: 'reset', data: null, accountId: owner.id }));
    expect(resets.map((token) => token !== null)).toEqual([true, true, true, false]);
    expect((await rows()).map(({ purpose }) => purpose)).toEqual(['invitation', 'reset', 'reset', 'reset']);
  });

  it('whose secret is no longer listed in APP_SECRET are not found', async () => {
    const token = await confirmation();
    await app.sql(`UPDATE one_time_tokens SET data = 'v1.other.AAAA' WHERE account_id = $1`, [owner.id]);
    expect(await tokens.find('email_confirm', hashToken(String(token)))).toBeUndefined();
  });

  it('reserve an e-mail while they are valid', async () => {
    await issue({
      purpose: 'email_revert',
      data: { email: 'old@example.com' },
      accountId: owner.id,
      reservedEmailKey: 'old@example.com',
    });
    await expect(account(app, { email: 'Old@example.com' })).rejects.toMatchObject({
      code: '23505',
      constraint: 'accounts_email_key_key',
    });
    await app.sql(`UPDATE accounts SET email_key = 'old@example.com' WHERE id = $1`, [owner.id]);
    await app.sql(`UPDATE accounts SET email_key = 'another@example.com' WHERE id = $1`, [owner.id]);
    await app.sql(`UPDATE one_time_tokens SET expires_at = now() - interval '1 second' WHERE account_id = $1`, [
      owner.id,
    ]);
    expect((await account(app, { email: 'old@example.com' })).email).toBe('old@example.com');
  });
});
