import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { startApp, type TestApp } from '../support/app.js';
import { account, admin, PASSWORD, type TestAccount } from '../support/factories.js';
import { FakeProvider } from '../support/fake-provider.js';
import { Browser, newProvider, outcome, PAGE, roundTrip } from './round-trip.js';

/** Sign-ins a second, and for how long. */
const RATE = 20;
const SECONDS = 5;
/** What a round trip may cost more than a sign-in by password, in statements. */
const MORE = 4;

describe('Many sign-ins with an identity provider', () => {
  let app: TestApp;
  let fake: FakeProvider;
  let acme: Awaited<ReturnType<typeof newProvider>>;
  let owner: TestAccount;
  const subject = randomUUID();

  beforeAll(async () => {
    fake = await FakeProvider.start();
    app = await startApp({
      env: { NEW_SIGN_IN_MAIL: 'false', THROTTLE_DISABLED: 'false', THROTTLE_PER_ADDRESS: '10000' },
    });
    acme = await newProvider(await admin(app), fake);
    owner = await account(app);
    await app.sql(
      `INSERT INTO account_identities (id, account_id, provider_id, issuer, subject, linked_by) VALUES ($1, $2, $3, $4, $5, 'session')`,
      [randomUUID(), owner.id, acme.id, fake.issuer, subject],
    );
    fake.said = { sub: subject };
  });
  afterAll(async () => {
    await app.stop();
    await fake.stop();
  });

  /** The statements that the service sends during the work. */
  const sentDuring = async (work: () => Promise<unknown>): Promise<string[]> => {
    const { query } = pg.Client.prototype;
    const sent: string[] = [];
    pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
      const [statement] = args as [string | { text?: string }];
      sent.push((typeof statement === 'string' ? statement : (statement.text ?? '')).trim());
      return Reflect.apply(query, this, args);
    } as typeof query;
    try {
      await work();
    } finally {
      pg.Client.prototype.query = query;
    }
    // The outbox and the change feed ask at their own times.
    return sent.filter((text) => !/graphile_worker|pg_current_snapshot|^(BEGIN|START|COMMIT|SET)/i.test(text));
  };

  it(`cost at most ${MORE} statements more than one by password`, async () => {
    const byPassword = () =>
      new Browser(app).go('/sign-in/password', { form: { email: owner.email, password: PASSWORD } });
    const byProvider = () => roundTrip(new Browser(app), fake, acme.slug, PAGE);
    await byPassword();
    await byProvider();
    const [password, provider] = [await sentDuring(byPassword), await sentDuring(byProvider)];
    process.stdout.write(`By password ${password.length} statements, by provider ${provider.length}.\n`);
    expect(password.length).toBeGreaterThan(3);
    expect(provider.length - password.length).toBeLessThanOrEqual(MORE);
  });

  it(`lose no state at ${RATE} a second`, async () => {
    const ends: Promise<string>[] = [];
    for (let n = 0; n < RATE * SECONDS; n++) {
      ends.push(roundTrip(new Browser(app), fake, acme.slug).then(outcome));
      await sleep(1_000 / RATE);
    }
    expect(new Set(await Promise.all(ends))).toEqual(new Set(['code']));
  }, 60_000);
});
