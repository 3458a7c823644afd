import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiKeyMailer } from '../../src/api-keys/mails/api-key.mailer.js';
import { OperatorKeysService } from '../../src/api-keys/operator-keys.service.js';
import { mailsTo } from '../accounts/mails.js';
import { changed, revert } from '../accounts/email/email-app.js';
import { settled } from '../events/listeners.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, ids, type ApiClient } from '../support/client.js';
import { admin, PASSWORD, signedIn } from '../support/factories.js';
import { sweepNow } from '../sweeps/sweep-now.js';
import { keyOf, serviceAccount } from './keys.js';

const OWN = ['iam:accounts.read.own'];
/** How long a key is good that is seen to expire: long enough to be used before on a busy machine. */
const VALID_SECONDS = 5;

describe('The life of an API key', () => {
  let app: TestApp;
  let root: ApiClient;

  beforeAll(async () => {
    app = await startApp();
    root = await admin(app);
  });
  afterAll(() => app.stop());

  const about = (word: string) => (mails: Awaited<ReturnType<typeof mailsTo>>) =>
    mails.some(({ parsed }) => parsed.text?.includes(word) ?? false);

  it('loses no request while it is rotated with an overlap, under load', async () => {
    const user = await signedIn(app);
    const { id, key } = await keyOf(app, user, OWN);
    let current = key;
    let isDone = false;
    const statuses = new Map<number, number>();
    const client = async (): Promise<void> => {
      while (!isDone) {
        const { status } = await as(app, current).get('/auth/me');
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    const load = Array.from({ length: 8 }, client);
    for (let n = 0; n < 5; n++) {
      current = (await user.post(`/api_keys/${id}/rotate`, { overlap_seconds: 60 })).body.meta.key;
      await sleep(50);
    }
    isDone = true;
    await Promise.all(load);
    expect([...statuses.keys()]).toEqual([200]);
    expect(statuses.get(200)).toBeGreaterThan(50);
  });

  it('is announced to end a week before, once: to its owner, or to who made the key of a service', async () => {
    const user = await signedIn(app);
    const maker = await signedIn(app, { role: 'admin' });
    const service = await serviceAccount(root);
    const own = await keyOf(app, user, OWN, { name: 'Own build' });
    const other = await keyOf(app, maker, OWN, { name: 'Service build', account_id: service });
    const short = await keyOf(app, user, OWN, {
      name: 'Short',
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    });
    await app.sql(
      `UPDATE api_keys SET expires_at = now() + interval '6 days', created_at = now() - interval '80 days'
      WHERE id = ANY($1)`,
      [[own.id, other.id]],
    );
    const mailer = app.nest.get(ApiKeyMailer, { strict: false });
    for (let n = 0; n < 2; n++) await mailer.remind(new AbortController().signal);
    await settled(app);
    expect(about('Own build')(await mailsTo(app, user.account.email, about('expires soon')))).toBe(true);
    expect(about('Service build')(await mailsTo(app, maker.account.email, about('expires soon')))).toBe(true);
    const all = app.mails.mails.filter(({ parsed }) => parsed.subject?.includes('expires soon'));
    expect(all).toHaveLength(2);
    expect(about('Short')(all)).toBe(false);
    expect(short.id).toBeDefined();
  });

  it('ends when its expiry passes, here and on another instance, though both used it just before', async () => {
    const user = await signedIn(app);
    const { id, key } = await keyOf(app, user, OWN);
    const beside = await startApp({ beside: app });
    const expiry = Date.now() + 1_000 * VALID_SECONDS;
    await app.sql('UPDATE api_keys SET expires_at = $2 WHERE id = $1', [id, new Date(expiry)]);
    const clients = [as(app, key), as(beside, key)];
    const form = { grant_type: 'client_credentials', client_id: id, client_secret: key };
    const token = await fetch(`${app.url}/auth/token`, { method: 'POST', body: new URLSearchParams(form) });
    const { access_token: access, expires_in: seconds } = (await token.json()) as Record<string, string>;
    expect(Number(seconds)).toBeLessThanOrEqual(VALID_SECONDS);
    clients.push(as(app, access ?? ''), as(beside, access ?? ''));
    const statuses = () => Promise.all(clients.map(async (client) => (await client.get('/auth/me')).status));
    expect(await statuses()).toEqual([200, 200, 200, 200]);
    expect(Date.now()).toBeLessThan(expiry);
    await sleep(expiry - Date.now() + 1);
    expect(await statuses()).toEqual([401, 401, 401, 401]);
    expect((await user.get(`/api_keys/${id}`)).body.data.attributes.status).toBe('expired');
    await beside.stop();
  });

  it('is deleted with its secrets 30 days after it has expired, and not before', async () => {
    const user = await signedIn(app);
    const [gone, kept, revoked, active] = [
      await keyOf(app, user, OWN),
      await keyOf(app, user, OWN),
      await keyOf(app, user, OWN),
      await keyOf(app, user, OWN),
    ];
    await user.post(`/api_keys/${revoked.id}/revoke`);
    const expire = (id: string, age: string) =>
      app.sql(`UPDATE api_keys SET expires_at = now() - $2::interval WHERE id = $1`, [id, age]);
    await expire(gone.id, '30 days 1 minute');
    await expire(kept.id, '29 days 23 hours');
    expect(await sweepNow(app)).toBe(1);
    expect(ids(await user.get('/api_keys'))).toEqual([kept.id, revoked.id, active.id]);
    expect((await user.get(`/api_keys/${gone.id}`)).status).toBe(404);
    expect(await app.sql('SELECT FROM api_key_secrets WHERE key_id = $1', [gone.id])).toEqual([]);
    expect([(await gone.get('/auth/me')).status, (await active.get('/auth/me')).status]).toEqual([401, 200]);
  });

  it('outlives a change of the password, whose mail says how many keys are active', async () => {
    const user = await signedIn(app);
    const key = await keyOf(app, user, OWN);
    await keyOf(app, user, OWN);
    const body = { current_password: PASSWORD, new_password: 'Another-horse-8' };
    expect((await user.post('/account/passwords/change', body)).status).toBe(204);
    expect((await key.get('/auth/me')).status).toBe(200);
    expect(about('2 API keys')(await mailsTo(app, user.account.email, about('password')))).toBe(true);
  });

  it('ends when a change of the e-mail is taken back, if it was made since', async () => {
    const { user, takeBack } = await changed(app);
    const key = await keyOf(app, user, OWN);
    expect((await key.get('/auth/me')).status).toBe(200);
    expect((await revert(app, takeBack)).status).toBe(204);
    expect((await key.get('/auth/me')).status).toBe(401);
  });

  it('is made, listed and revoked by operators, and its owner gets a mail', async () => {
    const user = await signedIn(app);
    const operator = app.nest.get(OperatorKeysService, { strict: false });
    const account = { id: user.account.id };
    const key = await operator.create(account, { name: 'By an operator', permissions: OWN, days: 10 });
    expect((await as(app, key ?? '').get('/auth/me')).status).toBe(200);
    expect(about('By an operator')(await mailsTo(app, user.account.email))).toBe(true);
    const [listed] = (await operator.list(account)) ?? [];
    expect(listed).toMatchObject({ name: 'By an operator', status: 'active', permissions: OWN });
    await expect(operator.create(account, { name: 'Wide', permissions: ['*.*.*'], days: 10 })).rejects.toThrow(
      'may not',
    );
    expect(await operator.revoke(listed?.id ?? '')).toBe(true);
    expect((await as(app, key ?? '').get('/auth/me')).status).toBe(401);
    expect(await operator.revoke(listed?.id ?? '')).toBe(false);
  });
});
