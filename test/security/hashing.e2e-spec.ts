import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { hash as bcrypt } from 'bcrypt';
import { HashQueue } from '../../src/passwords/hashing/hash-queue.js';
import { PasswordHasher } from '../../src/passwords/hashing/password.hasher.js';
import { cookieHeader, cookiesOf } from '../sign-in/browser.js';
import { startApp, type TestApp } from '../support/app.js';
import { errorsOf, send, type ApiResponse } from '../support/client.js';
import { account, PASSWORD, signIn } from '../support/factories.js';

let app: TestApp;
let queue: HashQueue;

beforeAll(async () => {
  app = await startApp({ env: { THROTTLE_DISABLED: 'false', TRUSTED_PROXIES: '127.0.0.1' } });
  queue = app.nest.get(PasswordHasher, { strict: false }).queue;
});
afterAll(() => app.stop());
afterEach(() => void jest.restoreAllMocks());

let addresses = 0;
const fresh = (): Record<string, string> => ({ 'x-forwarded-for': `198.51.100.${++addresses}` });

const login = (email: string, password: string, headers = fresh()): Promise<ApiResponse> =>
  send(app, 'POST', '/auth/login', { body: { email, password }, headers });

/** Takes every slot, and every place of the strangers' line. */
function fill(): { release(): void; readonly done: Promise<unknown> } {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const jobs = [];
  while (isRoom()) jobs.push(queue.run('others', () => held));
  return { release: () => release(), done: Promise.all(jobs) };
}

function isRoom(): boolean {
  try {
    queue.assertRoom('others');
    return true;
  } catch {
    return false;
  }
}

const points = async (): Promise<number> => {
  const [row] = await app.sql<{ points: number }>('SELECT coalesce(sum(points), 0)::int AS points FROM attempts');
  return row?.points ?? 0;
};

describe('A stored hash beyond the budget', () => {
  it.each([
    ['our own of cost 30', '$iam1$2b$30$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
    ['PBKDF2 of a billion iterations', '$pbkdf2-sha256$i=999999999$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg'],
    ['scrypt of 4 GiB passes', '$scrypt$ln=18,r=8,p=16$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg'],
  ])('%s holds no slot: the sign-in fails at once', async (_, hashed) => {
    const { email } = await account(app, { hashedPassword: hashed });
    const start = performance.now();
    expect(errorsOf(await login(email, PASSWORD))).toEqual(['401 invalid_credentials']);
    expect(performance.now() - start).toBeLessThan(5_000);
    expect(queue.running).toBe(0);
  });
});

describe('A line that is full of strangers', () => {
  it('rejects unknown clients with 503, without counting their attempts and without a statement', async () => {
    const { email, password } = await account(app);
    const line = fill();
    const before = await points();
    const headers = fresh();
    const responses = await Promise.all(Array.from({ length: 20 }, () => login(email, password, headers)));
    expect([...new Set(responses.flatMap(errorsOf))]).toEqual(['503 unavailable']);
    expect(responses[0]?.headers.get('retry-after')).toMatch(/^[1-9]/);
    line.release();
    await line.done;
    // Twenty attempts would be four times the limit; a moment later the points are back.
    for (let n = 0; n < 50 && (await points()) > before; n++) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await points()).toBe(before);
    expect((await login(email, password, headers)).status).toBe(200);
  });

  it('has places for recognized devices and for password changes', async () => {
    const person = await account(app);
    const { device } = cookiesOf(await login(person.email, person.password));
    const { token } = await signIn(app, person);
    const line = fill();
    const known = login(person.email, person.password, {
      ...fresh(),
      cookie: cookieHeader({ device: device?.value ?? '' }),
    });
    const changed = send(app, 'POST', '/account/passwords/change', {
      token,
      headers: fresh(),
      body: { current_password: 'Wrong-horse-7', new_password: 'Another-horse-9' },
    });
    expect((await login(person.email, person.password)).status).toBe(503);
    line.release();
    expect((await known).status).toBe(200);
    expect((await changed).status).toBe(422);
    await line.done;
  });

  it('that does not move is a warning of readiness, and leaves it ready', async () => {
    const age = jest.spyOn(HashQueue.prototype, 'ageMs', 'get').mockReturnValue(6_000);
    expect((await send(app, 'GET', '/health/ready')).body).toEqual({ status: 'ok', degraded: ['hashing'] });
    age.mockReturnValue(100);
    expect((await send(app, 'GET', '/health/ready')).body).toEqual({ status: 'ok' });
  });
});

describe('A sign-in that succeeds', () => {
  it.each([
    ['a higher cost', () => bcrypt(PASSWORD, 7)],
    ['a cost like ours, of another scheme', () => bcrypt(PASSWORD, 4)],
  ])('replaces a hash of %s', async (_, hashed) => {
    const { id, email } = await account(app, { hashedPassword: await hashed() });
    expect((await login(email, PASSWORD)).status).toBe(200);
    const [row] = await app.sql<{ hashed_password: string }>(
      'SELECT hashed_password FROM account_credentials WHERE account_id = $1',
      [id],
    );
    expect(row?.hashed_password).toMatch(/^\$iam1\$2b\$04\$/);
    expect((await login(email, PASSWORD)).status).toBe(200);
  });
});
