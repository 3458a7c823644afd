import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mailedToken } from '../accounts/mails.js';
import { startApp, type TestApp } from '../support/app.js';
import { account, admin, organization } from '../support/factories.js';
import { FakeProvider } from '../support/fake-provider.js';
import { Browser, exchange, newProvider, outcome, roundTrip } from './round-trip.js';

/** What is different from cell to cell. */
const AXES = {
  verified: [true, false, undefined, 'true'],
  domain: ['proven', 'not proven'],
  provider: ['of all', 'of the organization', 'of another organization'],
  account: ['none', 'invited', 'joined', 'full rights', 'disabled'],
  factor: ['without', 'with'],
  browser: ['same', 'other'],
} as const;

type Cell = { readonly [Axis in keyof typeof AXES]: (typeof AXES)[Axis][number] };

/** Every combination of the values of the axes. */
const cells = Object.entries(AXES).reduce<Partial<Cell>[]>(
  (made, [axis, values]) => made.flatMap((cell) => values.map((value) => ({ ...cell, [axis]: value }))),
  [{}],
) as Cell[];

/** What the contract says of a cell. In another browser the state is worth nothing, whatever else is true. */
function expected({ verified, domain, provider, account: state, factor, browser }: Cell): string {
  if (browser === 'other') return 'invalid_state';
  if (verified !== true || domain !== 'proven') return 'email_not_verified';
  if (state === 'none') return 'not_invited';
  if (provider === 'of another organization') return 'not_invited';
  const outcomes = {
    invited: factor === 'with' ? 'second step' : 'signed in',
    joined: 'confirmation_sent',
    'full rights': 'link_required',
    disabled: 'account_disabled',
  } as const;
  return outcomes[state];
}

const nameOf = (cell: Cell): string =>
  Object.entries(cell)
    .map(([axis, value]) => `${axis} ${String(value)}`)
    .join(', ');

describe('A first sign-in with an identity provider', () => {
  let app: TestApp;
  let fake: FakeProvider;
  let own: string;
  let proven: string;
  /** Providers by whose they are and whether they have the domain. */
  const providers = new Map<string, { slug: string; domain: string }>();

  beforeAll(async () => {
    fake = await FakeProvider.start();
    app = await startApp();
    const root = await admin(app);
    const [mine, other] = [await organization(app), await organization(app)];
    own = mine;
    const owners = { 'of all': null, 'of the organization': mine, 'of another organization': other };
    for (const [whose, organizationId] of Object.entries(owners)) {
      const made = await newProvider(root, fake, { organization_id: organizationId, trust_email: false });
      providers.set(whose, made);
      proven = made.domain;
    }
  });
  afterAll(async () => {
    await app.stop();
    await fake.stop();
  });

  /** A confirmed authenticator app; its secret is never asked for. */
  const addFactor = (accountId: string) =>
    app.sql(
      `INSERT INTO account_factors (id, account_id, kind, name, secret, confirmed_at)
       VALUES (gen_random_uuid(), $1, 'totp', 'Phone', 'sealed', now())`,
      [accountId],
    );
  const attempt = async (cell: Cell) => {
    const provider = providers.get(cell.provider) ?? { slug: '', domain: proven };
    const domain = cell.domain === 'proven' ? provider.domain : `${randomUUID()}.example.org`;
    const email = `${randomUUID()}@${domain}`;
    const made =
      cell.account === 'none'
        ? null
        : await account(app, {
            email,
            org: [own],
            joined: cell.account !== 'invited',
            enabled: cell.account !== 'disabled',
            role: cell.account === 'full rights' ? 'admin' : 'user',
            hashedPassword: null,
          });
    if (made && cell.factor === 'with') await addFactor(made.id);
    fake.said = { sub: randomUUID(), email, email_verified: cell.verified };
    const browser = new Browser(app);
    const began = await browser.go(`/auth/sso/${provider.slug}?return_to=/account`);
    const back = fake.visit(began.location);
    const end = await (cell.browser === 'same' ? browser : new Browser(app)).go(back);
    const url = new URL(end.location, app.url);
    return { id: made?.id ?? null, email, url, text: end.text, browser, provider };
  };

  it(`has an expected outcome in each of ${cells.length} cells, and links nothing without a proof`, async () => {
    const wrong: string[] = [];
    for (const cell of cells) {
      const { id, email, url, text } = await attempt(cell);
      const isSecond = text.includes('/sign-in/second-step');
      const ended = url.pathname === '/account' ? 'signed in' : (url.searchParams.get('error') ?? url.href);
      const got = isSecond ? 'second step' : ended;
      const [state] = await app.sql<{ identities: number; sessions: number; joined: boolean; accounts: number }>(
        `SELECT (SELECT count(*)::int FROM account_identities WHERE subject = $1) AS identities,
          (SELECT count(*)::int FROM account_sessions WHERE account_id = $2::uuid) AS sessions,
          (SELECT joined_at IS NOT NULL FROM accounts WHERE id = $2::uuid) AS joined,
          (SELECT count(*)::int FROM accounts WHERE email = $3) AS accounts`,
        [fake.said.sub, id, email],
      );
      const entered = ['signed in', 'second step'].includes(expected(cell));
      const right = {
        got: expected(cell),
        identities: entered ? 1 : 0,
        // The second factor is asked for before there is a session.
        sessions: expected(cell) === 'signed in' ? 1 : 0,
        joined: id === null ? null : entered || cell.account !== 'invited',
        accounts: id === null ? 0 : 1,
      };
      const found = JSON.stringify({ got, ...state });
      const wanted = JSON.stringify({ ...right, got: right.got });
      const sorted = (text: string): string => JSON.stringify(Object.entries(JSON.parse(text)).sort());
      if (sorted(found) !== sorted(wanted)) wrong.push(`${nameOf(cell)}: ${found}, not ${wanted}`);
    }
    expect(wrong).toEqual([]);
  }, 300_000);

  it('links by a mailed proof that is bound to the browser, the provider, the issuer and the subject', async () => {
    const cell: Cell = {
      verified: true,
      domain: 'proven',
      provider: 'of the organization',
      account: 'joined',
      factor: 'without',
      browser: 'same',
    };
    const { id, email, browser, provider } = await attempt(cell);
    const token = await mailedToken(app, email);
    const { sub } = fake.said;
    const linked = () =>
      app.sql('SELECT subject, issuer, linked_by FROM account_identities WHERE account_id = $1', [id]);
    expect((await new Browser(app).go('/auth/confirm-identity', { form: { token } })).status).toBe(403);
    expect(await linked()).toEqual([]);
    expect((await browser.go('/auth/confirm-identity', { form: { token } })).status).toBe(303);
    expect(await linked()).toEqual([{ subject: sub, issuer: fake.issuer, linked_by: 'mail' }]);
    // Another subject with the same address is another identity: it needs a proof of its own.
    fake.said = { ...fake.said, sub: randomUUID() };
    expect(outcome(await roundTrip(browser, fake, provider.slug))).toBe('confirmation_sent');
    fake.said = { ...fake.said, sub };
    expect((await exchange(app, await roundTrip(browser, fake, provider.slug))).body.data.id).toBe(id);
  });

  it('that trusts the e-mails of the provider needs no verification, but the domain', async () => {
    const root = await admin(app);
    const trusted = await newProvider(root, fake, { trust_email: true });
    const results: Record<string, string> = {};
    for (const [where, domain] of [
      ['proven', trusted.domain],
      ['not proven', 'example.org'],
    ] as const) {
      for (const verified of AXES.verified) {
        const email = `${randomUUID()}@${domain}`;
        await account(app, { email, joined: false });
        fake.said = { sub: randomUUID(), email, email_verified: verified };
        results[`${where}, ${String(verified)}`] = outcome(await roundTrip(new Browser(app), fake, trusted.slug));
      }
    }
    expect(new Set(Object.entries(results).map(([cell, end]) => `${cell.split(',')[0]}: ${end}`))).toEqual(
      new Set(['proven: code', 'not proven: email_not_verified']),
    );
  });

  it('reaches no account that has got more than the provider is responsible for since', async () => {
    const { id, provider } = await attempt({
      verified: true,
      domain: 'proven',
      provider: 'of the organization',
      account: 'invited',
      factor: 'without',
      browser: 'same',
    });
    const again = async () => outcome(await roundTrip(new Browser(app), fake, provider.slug));
    expect(await again()).toBe('code');
    await app.sql('INSERT INTO memberships (account_id, organization_id) VALUES ($1, $2)', [
      id,
      await organization(app),
    ]);
    expect(await again()).toBe('link_required');
    await app.sql('DELETE FROM memberships WHERE account_id = $1 AND organization_id <> $2', [id, own]);
    await app.sql("UPDATE accounts SET role_name = 'admin' WHERE id = $1", [id]);
    expect(await again()).toBe('link_required');
    await app.sql("UPDATE account_identities SET linked_by = 'session' WHERE account_id = $1", [id]);
    expect(await again()).toBe('code');
  });
});
