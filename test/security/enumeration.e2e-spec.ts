import { randomBytes, randomUUID, scryptSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { hash as argon2 } from '@node-rs/argon2';
import { hash } from 'bcrypt';
import { mailedToken, mailsTo } from '../accounts/mails.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf, type ApiResponse, type ApiClient } from '../support/client.js';
import { account, admin, PASSWORD, signedIn } from '../support/factories.js';

/** High enough that a hash that is left out shows in the time: 15 ms and more. */
const COST = '8';

let app: TestApp;
let root: ApiClient & { id: string };

beforeAll(async () => {
  app = await startApp({ env: { BCRYPT_COST: COST, HASH_MAX_COST: '9' } });
  root = await admin(app);
});
afterAll(() => app.stop());

const login = (email: string, password: string): Promise<ApiResponse> =>
  as(app).post('/auth/login', { email, password });

const requestReset = (email: string): Promise<ApiResponse> =>
  as(app).post('/account/passwords/request_reset', { email });

const create = (email: string): Promise<ApiResponse> =>
  root.post('/accounts', document('iam:accounts', { name: 'Somebody', email }));

// Times are compared on machines that are shared: a real difference shows every time.
jest.retryTimes(4);

describe('Lesson 14: e-mails that look alike', () => {
  /** What is the same mailbox to a person, for an address that begins with this local part. */
  const SAME: [what: string, local: string, alike: string][] = [
    ['upper case', 'jane', 'JANE'],
    ['full-width letters', 'jane', 'ｊａｎｅ'],
    ['mathematical letters', 'jane', '𝒿𝒶𝓃𝑒'],
    ['the Kelvin sign', 'kate', '\u212aate'],
    ['a dotless i', 'kim', 'kım'],
    ['the long s', 'susan', 'ſuſan'],
    ['a ligature', 'fischer', 'ﬁscher'],
    ['a sharp s', 'strasse', 'straße'],
    ['a capital sharp s', 'straße', 'STRAẞE'],
    ['a decomposed accent', 'zoë', 'zoe\u0308'],
    ['both small sigmas', 'οδυσσεύς', 'ΟΔΥΣΣΕΎΣ'],
    ['blanks around it', 'jane', '  jane'],
  ];

  /** What looks alike and is another mailbox. */
  const OTHERS: [what: string, local: string, other: string][] = [
    ['a Cyrillic a', 'jane', 'jаne'],
    ['a Greek omicron', 'oliver', 'οliver'],
    ['a digit', 'lima', '1ima'],
    ['a tag', 'jane', 'jane+admin'],
    ['a dot', 'janedoe', 'jane.doe'],
    ['an accent', 'jane', 'jané'],
  ];

  it.each(SAME)('#14 by %s are one account: %s and %s', async (_, local, alike) => {
    const host = `${randomUUID()}.example.com`;
    const created = await create(`${local}@${host}`);
    expect(created.status).toBe(200);
    // What the validator takes for no address at all makes no second account either.
    const second = await create(`${alike}@${host.toUpperCase()}`);
    expect(errorsOf(second)).toEqual([
      expect.stringMatching(/^(409 conflict|422 validation_failed) \/data\/attributes\/email$/),
    ]);
    await as(app).patch(`/accounts/${await mailedToken(app, `${local}@${host}`)}/join`, { password: PASSWORD });
    expect((await login(`${alike}@${host}`, PASSWORD)).body.data.id).toBe(created.body.data.id);
  });

  it('#14 are one row, by a unique index: also in statements that go past the service', async () => {
    const email = `zoë@${randomUUID()}.example.com`;
    await create(email);
    const insert = app.sql(
      `INSERT INTO accounts (id, name, email, email_key, role_name) SELECT $1, 'x', $2, email_key, 'user'
       FROM accounts WHERE email = $3`,
      [randomUUID(), email.toUpperCase(), email],
    );
    await expect(insert).rejects.toThrow(/unique constraint "accounts_email_key_key"/);
  });

  it('#14 by 20 requests at once make one account', async () => {
    const host = `${randomUUID()}.example.com`;
    const spellings = ['straße', 'STRASSE', 'Strasse', 'strasse'];
    const responses = await Promise.all(Array.from({ length: 20 }, (_, n) => create(`${spellings[n % 4]}@${host}`)));
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(responses.filter((response) => errorsOf(response)[0]?.startsWith('409 conflict'))).toHaveLength(19);
  });

  it.each(OTHERS)(
    '#14 by %s are two people, of whom neither gets the other’s tokens: %s and %s',
    async (_, local, other) => {
      const host = `${randomUUID()}.example.com`;
      const victim = await account(app, { email: `${local}@${host}` });
      const attacker = await account(app, { email: `${other}@${host}` });
      expect((await login(attacker.email, PASSWORD)).body.data.id).toBe(attacker.id);
      await requestReset(attacker.email);
      const token = await mailedToken(app, attacker.email);
      await as(app).post('/account/passwords/reset', { token, password: 'Another-horse-9' });
      expect((await login(victim.email, 'Another-horse-9')).status).toBe(401);
      expect((await login(victim.email, PASSWORD)).body.data.id).toBe(victim.id);
      expect(app.mails.mails.filter(({ recipients }) => recipients.includes(victim.email))).toEqual([]);
    },
  );

  it('#14 never send a mail to another spelling than the one that is stored', async () => {
    const email = `strasse@${randomUUID()}.example.com`;
    await account(app, { email });
    await requestReset(email.replace('strasse', 'straße'));
    expect((await mailsTo(app, email)).map(({ recipients }) => recipients)).toEqual([[email]]);
  });
});

describe('Lesson 16: whether an e-mail has an account', () => {
  /** Milliseconds of each of the kinds, over so many rounds in an order drawn anew for each. */
  const measure = async (
    kinds: Record<string, () => Promise<ApiResponse>>,
    rounds: number,
  ): Promise<Record<string, number[]>> => {
    const times: Record<string, number[]> = {};
    for (let round = -2; round < rounds; round++) {
      for (const name of Object.keys(kinds).sort(() => Math.random() - 0.5)) {
        const start = performance.now();
        await kinds[name]?.();
        // The first rounds warm up.
        if (round >= 0) (times[name] ??= []).push(performance.now() - start);
      }
    }
    return times;
  };

  const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

  /** How often one of these takes longer than one of those: 0.5 for equal distributions, 1 or 0 for disjoint ones. */
  const longer = (these: readonly number[], those: readonly number[]): number =>
    these.flatMap((a) => those.map((b): number => (a > b ? 1 : a === b ? 0.5 : 0))).reduce((sum, n) => sum + n, 0) /
    (these.length * those.length);

  /** A hash that was left out would be 15 ms of some 20, and put every sample on one side. */
  const areAlike = (times: Record<string, number[]>): void => {
    const [reference, ...others] = Object.entries(times);
    const [, expected = []] = reference ?? [];
    for (const [name, taken] of others) {
      const ratio = median(taken) / median(expected);
      const rank = longer(taken, expected);
      const verdict = { ratio: ratio > 0.6 && ratio < 1.67, rank: rank > 0.1 && rank < 0.9 };
      expect({ name, ratio, rank, verdict }).toEqual({ name, ratio, rank, verdict: { ratio: true, rank: true } });
    }
  };

  const plain = ({ status, headers, body }: ApiResponse) => ({
    status,
    headers: [...headers.keys()].filter((name) => name !== 'date').sort(),
    body: JSON.parse(JSON.stringify(body ?? null).replaceAll(/"id":"[^"]*"/g, '"id":"…"')),
  });

  it('#16 is not revealed by signing in: the same response, the same distribution of times', async () => {
    const salt = randomBytes(16);
    const phc = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
    const scrypt = scryptSync(PASSWORD, salt, 32, { N: 2 ** 13, r: 8, p: 1 });
    const imported = async (hashed: string) => account(app, { hashedPassword: hashed });
    const people = {
      known: await account(app),
      invited: await account(app, { joined: false }),
      disabled: await account(app, { enabled: false }),
      lower: await imported(await hash(PASSWORD, 4)),
      higher: await imported(await hash(PASSWORD, 9)),
      scrypt: await imported(`$scrypt$ln=13,r=8,p=1$${phc(salt)}$${phc(scrypt)}`),
      argon2: await imported(await argon2(PASSWORD, { memoryCost: 8192, timeCost: 2, parallelism: 1 })),
      beyond: await imported((await hash(PASSWORD, 4)).replace('$04$', '$31$')),
    };
    const kinds: Record<string, () => Promise<ApiResponse>> = {
      known: () => login(people.known.email, 'Wrong-horse-7'),
      unknown: () => login(`${randomUUID()}@example.com`, 'Wrong-horse-7'),
      'without a password': () => login(people.invited.email, 'Wrong-horse-7'),
      disabled: () => login(people.disabled.email, 'Wrong-horse-7'),
      'with a hash of a lower cost': () => login(people.lower.email, 'Wrong-horse-7'),
      'with a hash of a higher cost': () => login(people.higher.email, 'Wrong-horse-7'),
      'with a hash of scrypt': () => login(people.scrypt.email, 'Wrong-horse-7'),
      'with a hash of argon2id': () => login(people.argon2.email, 'Wrong-horse-7'),
      'with a hash beyond the budget': () => login(people.beyond.email, 'Wrong-horse-7'),
      'an unreadable e-mail': () => login('not an address', 'Wrong-horse-7'),
    };
    const responses = await Promise.all(Object.values(kinds).map((send) => send()));
    for (const response of responses) expect(plain(response)).toEqual(plain(responses[0] as ApiResponse));
    areAlike(await measure(kinds, 12));
  }, 120_000);

  it('#16 is not revealed by requesting a reset: the same response, the same distribution of times', async () => {
    const [known, disabled] = [await account(app), await account(app, { enabled: false })];
    const kinds: Record<string, () => Promise<ApiResponse>> = {
      known: () => requestReset(known.email),
      unknown: () => requestReset(`${randomUUID()}@example.com`),
      disabled: () => requestReset(disabled.email),
    };
    const responses = [
      await requestReset(known.email),
      await requestReset('nobody@example.com'),
      await requestReset(disabled.email),
    ];
    for (const response of responses) expect(plain(response)).toEqual(plain(responses[0] as ApiResponse));
    expect(responses[0]?.status).toBe(204);
    areAlike(await measure(kinds, 30));
  }, 60_000);

  it('#16 is not revealed by changing the own e-mail: the same response, the same distribution of times', async () => {
    const { post } = await signedIn(app);
    const [known, disabled] = [await account(app), await account(app, { enabled: false })];
    const kinds: Record<string, () => Promise<ApiResponse>> = {
      known: () => post('/account/email', { email: known.email }),
      unknown: () => post('/account/email', { email: `${randomUUID()}@example.com` }),
      disabled: () => post('/account/email', { email: disabled.email }),
    };
    const responses = [];
    for (const ask of Object.values(kinds)) responses.push(await ask());
    for (const response of responses) expect(plain(response)).toEqual(plain(responses[0] as ApiResponse));
    expect(responses[0]?.status).toBe(204);
    areAlike(await measure(kinds, 30));
  }, 60_000);

  it('#16 is not revealed by tokens: all unknown ones have the same response', async () => {
    const disabled = await account(app, { enabled: false });
    const tried = ['x', randomUUID(), disabled.id, 'A'.repeat(43)];
    const resets = tried.map((token) =>
      as(app).post('/account/passwords/reset', { token, password: 'Another-horse-9' }),
    );
    const joins = tried.map((token) => as(app).patch(`/accounts/${token}/join`));
    for (const responses of [await Promise.all(resets), await Promise.all(joins)]) {
      for (const response of responses) expect(plain(response)).toEqual(plain(responses[0] as ApiResponse));
    }
  });
});
