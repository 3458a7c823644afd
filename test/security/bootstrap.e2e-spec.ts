import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FirstAdmin } from '../../src/accounts/admins/first-admin.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf } from '../support/client.js';
import { ADMIN } from '../support/environment.js';
import { account, admin } from '../support/factories.js';

const OTHER_ADMIN = { ADMIN_EMAIL: 'second@example.com', ADMIN_PASSWORD: 'Another-horse-9' };

describe('Lesson 18: the first admin', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  const emails = async (): Promise<string[]> =>
    (await app.sql<{ email: string }>('SELECT email FROM accounts ORDER BY id')).map(({ email }) => email);

  /** Starts the service on the same database, and ends it. */
  const startAgain = async (env: Record<string, string> = {}): Promise<void> => {
    const again = await startApp({ beside: app, env });
    await again.stop();
  };

  /** An empty database, as before the first start. */
  const empty = async (): Promise<void> => {
    await app.sql('DELETE FROM accounts');
    await app.sql('DELETE FROM installation');
  };

  beforeEach(async () => {
    await empty();
    // The part of a start that makes the admin; whole ones are the subject of the tests, and take a second each.
    await app.nest.get(FirstAdmin, { strict: false }).onApplicationBootstrap();
  });

  it('#18 is made by the first start, joined and with every right', async () => {
    await empty();
    await startAgain();
    expect(await emails()).toEqual([ADMIN.email]);
    const { get } = await admin(app);
    expect((await get('/auth/me')).body.data.attributes).toMatchObject({ role_name: 'admin', role_rights: ['*.*.*'] });
  });

  it('#18 is made once: not by another start, whatever e-mail and password it is given', async () => {
    await startAgain();
    await startAgain(OTHER_ADMIN);
    expect(await emails()).toEqual([ADMIN.email]);
    const { status } = await as(app).post('/auth/login', {
      email: OTHER_ADMIN.ADMIN_EMAIL,
      password: OTHER_ADMIN.ADMIN_PASSWORD,
    });
    expect(status).toBe(401);
  });

  it('#18 is not made again after it was deleted, nor its password set again', async () => {
    const { id, delete: remove } = await admin(app);
    expect(errorsOf(await remove(`/accounts/${id}`))).toEqual(['403 forbidden']);
    const successor = await account(app, { role: 'admin' });
    const { body } = await as(app).post('/auth/login', { email: successor.email, password: successor.password });
    expect((await as(app, body.meta.token).delete(`/accounts/${id}`)).status).toBe(204);
    await startAgain();
    await startAgain(OTHER_ADMIN);
    expect(await emails()).toEqual([successor.email]);

    await app.sql('DELETE FROM accounts');
    await startAgain(OTHER_ADMIN);
    expect(await emails()).toEqual([]);
  });

  it('#18 is not made for an e-mail that is taken, and leaves that account as it is', async () => {
    await empty();
    const taken = await account(app, { email: OTHER_ADMIN.ADMIN_EMAIL });
    await startAgain(OTHER_ADMIN);
    const [row] = await app.sql('SELECT id, role_name FROM accounts WHERE email = $1', [taken.email]);
    expect(row).toEqual({ id: taken.id, role_name: 'user' });
    const { status } = await as(app).post('/auth/login', { email: taken.email, password: OTHER_ADMIN.ADMIN_PASSWORD });
    expect(status).toBe(401);
  });

  it('#18 is one, when three instances start at once on an empty database', async () => {
    await empty();
    const instances = await Promise.all(
      [1, 2, 3].map((n) => startApp({ beside: app, env: { ADMIN_EMAIL: `admin-${n}@example.com` } })),
    );
    for (const instance of instances) await instance.stop();
    expect(await emails()).toHaveLength(1);
  });

  it('#18 is made by no request', async () => {
    await app.sql('DELETE FROM accounts');
    const attributes = { name: 'Me', email: 'me@example.com', role_name: 'admin' };
    for (const path of ['/accounts', '/setup', '/install', '/auth/register', '/auth/signup', '/auth/setup', '/admin']) {
      const { status } = await as(app).post(path, document('iam:accounts', attributes));
      expect([401, 404]).toContain(status);
    }
    expect(await emails()).toEqual([]);
  });
});
