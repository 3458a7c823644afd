import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { document, errorsOf, type ApiResponse, type ApiClient } from '../support/client.js';
import { account, admin, organization, signedIn } from '../support/factories.js';
import { mailsTo } from '../accounts/mails.js';

const TYPE = 'iam:accounts';
const PER_RECIPIENT = 4;
const PER_ACTOR = 6;
const TAKEN = 3;
const fresh = (): string => `${randomUUID()}@example.com`;

/** An answer without what is new in every answer. */
const comparable = ({ status, body }: ApiResponse): unknown => [
  status,
  body?.errors?.map(({ id: _id, ...error }: Record<string, unknown>) => error),
];

/** Actors who may invite can neither send mail to any address nor find out which e-mails have an account. */
describe('An owner who may create accounts', () => {
  let app: TestApp;
  let root: ApiClient;

  beforeAll(async () => {
    app = await startApp({
      env: {
        THROTTLE_DISABLED: 'false',
        THROTTLE_PER_ADDRESS: '10000',
        THROTTLE_INVITATIONS_PER_ACTOR: String(PER_ACTOR),
        THROTTLE_INVITATIONS_PER_RECIPIENT: String(PER_RECIPIENT),
        THROTTLE_TAKEN_EMAILS_PER_ACTOR: String(TAKEN),
      },
    });
    root = await admin(app);
  });
  afterAll(() => app.stop());

  const owner = async () => {
    const org = await organization(app);
    const actor = await signedIn(app, { role: 'org_owner', org: [org] });
    const create = (attributes: Record<string, unknown>, headers: Record<string, string> = {}) =>
      actor.post(
        '/accounts',
        document(TYPE, { name: 'Ada', role_name: 'user', role_scope: { org: [org] }, ...attributes }),
        headers,
      );
    return { ...actor, org, create };
  };
  const elsewhere = async (): Promise<string> => (await account(app, { org: [await organization(app)] })).email;

  it.each([
    'https://evil.example/reset',
    'Your account is closed, go to www.evil.example',
    'evil.example',
    'Call 0800 123 45 67',
  ])('writes no address to strangers as their name: %s', async (name) => {
    const { create } = await owner();
    const email = fresh();
    expect((await create({ name, email })).body.data.attributes.name).toBe(name);
    const [mail] = await mailsTo(app, email);
    expect(mail?.parsed.to).toMatchObject({ value: [{ name: '', address: email }] });
    expect(mail?.parsed.text).toContain('Hello,');
    expect(mail?.source).not.toMatch(/evil|0800/i);
    const links = [...String(mail?.parsed.textAsHtml).matchAll(/href="([^"]*)"/g)].map(([, link]) => link);
    expect(links).toEqual([expect.stringMatching(/^https:\/\/app\.example\.com\/join\?token=/)]);
  });

  it('cannot fill a mailbox by changing a role to and fro: five mails a day, over all actors', async () => {
    const ann = await account(app);
    for (let n = 0; n < 8; n++) {
      const response = await root.patch(
        `/accounts/${ann.id}`,
        document(TYPE, { role_name: n % 2 ? 'user' : 'org_owner' }),
      );
      expect([response.status, response.body.data.attributes.role_name]).toEqual([200, n % 2 ? 'user' : 'org_owner']);
      expect(response.headers.get('ratelimit-remaining')).not.toBe('0');
    }
    await mailsTo(app, ann.email, 5);
    // Those of another account come after what may still be queued.
    const bob = await account(app);
    await root.patch(`/accounts/${bob.id}`, document(TYPE, { role_name: 'org_owner' }));
    await mailsTo(app, bob.email);
    expect(await mailsTo(app, ann.email)).toHaveLength(5);
    const changes = await app.sql(
      `SELECT FROM audit_events WHERE action = 'iam:accounts.role_changed' AND target_id = $1`,
      [ann.id],
    );
    expect(changes).toHaveLength(8);
  });

  it('learns of no e-mail elsewhere by a create that is wrong in any other way', async () => {
    const { create, org } = await owner();
    const [taken, free] = [await elsewhere(), fresh()];
    const wrongs = [
      { name: '' },
      { picture_url: 'nope' },
      { role_name: 'nope' },
      { role_name: 'admin' },
      { role_scope: { org: [randomUUID()] } },
      { role_scope: { org: [org], planet: ['x'] } },
      { nope: 1 },
      { joined_at: '2026-01-01T00:00:00.000Z' },
      { enabled: 'yes' },
    ];
    for (const wrong of wrongs) {
      const response = await create({ ...wrong, email: taken });
      expect([wrong, [403, 422].includes(response.status)]).toEqual([wrong, true]);
      expect(comparable(response)).toEqual(comparable(await create({ ...wrong, email: free })));
    }
    // None of them counts: the limit below is not reached by mistakes.
    expect(errorsOf(await create({ email: taken }))).toEqual(['409 conflict /data/attributes/email']);
  });

  it('gets 409 for a taken e-mail a few times an hour, each one audited, and then 429', async () => {
    const { create, account: own } = await owner();
    for (let i = 0; i < TAKEN + 2; i++) expect((await create({ email: '' })).status).toBe(422);
    const tries = await Promise.all(
      Array.from({ length: TAKEN * 3 }, async () => create({ email: await elsewhere() })),
    );
    const statuses = tries.map(({ status }) => status);
    expect([...new Set(statuses)].sort()).toEqual([409, 429]);
    expect(statuses.filter((status) => status === 409)).toHaveLength(TAKEN);
    for (const email of [await elsewhere(), fresh()]) {
      const response = await create({ email });
      expect(response.status).toBe(429);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    const trail = await app.sql<{ target_id: string | null; details: unknown }>(
      `SELECT target_id, details FROM audit_events WHERE actor_id = $1 AND action = 'iam:accounts.create_rejected'`,
      [own.id],
    );
    expect(trail).toEqual(Array(TAKEN).fill({ target_id: null, details: { reason: 'email_taken' } }));
  });

  it('is not limited so where they read all accounts anyway', async () => {
    const email = await elsewhere();
    for (let i = 0; i < TAKEN + 2; i++) {
      expect((await root.post('/accounts', document(TYPE, { name: 'Ada', email }))).status).toBe(409);
    }
  });

  it('sends one e-mail a few invitations in a day, however they are asked for and by whom', async () => {
    const { create, post, ...actor } = await owner();
    const email = fresh();
    const { id } = (await create({ email })).body.data;
    const resent = await Promise.all(Array.from({ length: 20 }, () => post(`/accounts/${id}/resend_invitation`)));
    const statuses = resent.map(({ status }) => status);
    expect([...new Set(statuses)].sort()).toEqual([204, 429]);
    expect(statuses.filter((status) => status === 204)).toHaveLength(PER_RECIPIENT - 1);
    const other = await owner();
    expect((await root.post(`/accounts/${id}/resend_invitation`)).status).toBe(429);
    expect((await actor.delete(`/accounts/${id}`)).status).toBe(204);
    const again = await other.create({ email: email.toUpperCase() });
    expect(again.status).toBe(429);
    expect(await app.sql('SELECT FROM accounts WHERE lower(email) = $1', [email])).toEqual([]);
    await other.create({ email: 'after@example.com' });
    await mailsTo(app, 'after@example.com');
    expect(app.mails.mails.filter(({ recipients }) => recipients.includes(email)).length).toBeLessThanOrEqual(
      PER_RECIPIENT,
    );
  });

  it('invites so many people in a day, and a create that failed is none of them', async () => {
    const { create } = await owner();
    for (let i = 0; i < 3; i++) expect((await create({ email: fresh(), name: '' })).status).toBe(422);
    for (let i = 0; i < PER_ACTOR; i++) expect((await create({ email: fresh() })).status).toBe(200);
    expect((await create({ email: fresh() })).status).toBe(429);
    expect((await create({ email: fresh(), enabled: false })).status).toBe(200);
  });
});
