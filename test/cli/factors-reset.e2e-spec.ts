import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { IamEvent } from '../../src/events/iam-event.js';
import { listener, listening } from '../events/listeners.js';
import { eventually } from '../outbox/outbox-fixture.js';
import { addPasskey, newDevice, request } from '../passkeys/passkeys.js';
import { enrol, type Enrolled, mailTo, mfaToken, secondStep } from '../second-factors/factors.js';
import { cookieHeader, cookiesOf } from '../sign-in/browser.js';
import { sessionIds } from '../sign-in/sessions.js';
import { startApp, type TestApp } from '../support/app.js';
import type { Authenticator } from '../support/authenticator.js';
import { as, errorsOf, send } from '../support/client.js';
import { databaseEnvironment } from '../support/database.js';
import { type AccountOptions, signedIn } from '../support/factories.js';
import { command } from './command-line.js';

const TRUSTED = 'trusted-device';
/** Where an account has something that takes the place of a second factor. */
const TABLES = ['account_factors', 'account_passkeys', 'account_recovery_codes', 'trusted_devices'];

/** A person with every kind of second factor, and a browser that is trusted. */
interface Person extends Enrolled {
  readonly device: Authenticator;
  readonly cookie: string;
  readonly recoveryCode: string;
}

describe('factors reset', () => {
  const heard: IamEvent[] = [];
  const extension = listening(listener('ResetRecorder', (event) => void heard.push(event)));
  let app: TestApp;
  let env: Record<string, string>;

  beforeAll(async () => {
    app = await startApp({ extension });
    env = { ...databaseEnvironment(app.databaseUrl), DATA_DIR: app.config.dataDir, NODE_ENV: 'test' };
  });
  afterAll(() => app.stop());

  const reset = (...args: readonly string[]) => command(['factors', 'reset', ...args], env, '', extension);

  async function person(options: AccountOptions = {}): Promise<Person> {
    const user = await signedIn(app, options);
    const device = newDevice();
    expect((await addPasskey(user, device)).status).toBe(200);
    const phone = await enrol(user);
    const { codes } = (await user.post('/account/recovery_codes')).body.meta;
    const proof = { code: phone.app.code(), trust_device: true };
    const trusted = cookiesOf(await secondStep(app, await mfaToken(app, user.account), proof))[TRUSTED];
    return { ...user, ...phone, device, cookie: trusted?.value ?? '', recoveryCode: codes[0] };
  }

  const login = ({ account: { email, password } }: Person, cookie = '') =>
    send(app, 'POST', '/auth/login', {
      body: { email, password },
      headers: cookie === '' ? {} : { cookie: cookieHeader({ [TRUSTED]: cookie }) },
    });
  /** How many of each there are. */
  const held = ({ account: { id } }: Person) =>
    Promise.all(
      TABLES.map(async (table) => (await app.sql(`SELECT FROM ${table} WHERE account_id = $1`, [id])).length),
    );

  it('removes every kind of factor of an admin, and ends the sessions, on the instance that runs', async () => {
    const admin = await person({ role: 'admin' });
    expect(await held(admin)).toEqual([1, 1, 10, 1]);
    expect(await sessionIds(app, admin.account.id)).toHaveLength(2);
    expect((await admin.get('/auth/me')).status).toBe(200);
    expect((await login(admin, admin.cookie)).status).toBe(200);
    expect(errorsOf(await login(admin))).toEqual(['401 mfa_required']);

    const { exitCode, out, err } = await reset(admin.account.email.toUpperCase());
    expect([exitCode, out, err]).toEqual([0, 'The second factors were removed.\n', '']);

    expect(await held(admin)).toEqual([0, 0, 0, 0]);
    await eventually(async () => (await admin.get('/auth/me')).status === 401);
    const { refreshToken } = admin;
    expect((await as(app).post('/auth/refresh', { refresh_token: refreshToken })).status).toBe(401);
    expect(await sessionIds(app, admin.account.id)).toEqual([]);
    const { transaction, options } = await request(as(app), 'sign_in');
    const passkey = { transaction, response: admin.device.get(options) };
    expect(errorsOf(await as(app).post('/auth/passkey', passkey))).toEqual(['401 invalid_credentials']);
    expect((await login(admin)).status).toBe(200);
  });

  it('mails the owner, leaves a line in the audit trail, and is an event', async () => {
    const user = await person();
    expect((await reset(user.account.email)).exitCode).toBe(0);
    const subject = /second factors .* were removed/;
    expect(await mailTo(app, user.account.email, subject)).toContain('An administrator removed');
    const trail = await app.sql(
      `SELECT id, actor_id, target_type, details FROM audit_events
       WHERE action = 'iam:accounts.factors_reset' AND target_id = $1`,
      [user.account.id],
    );
    expect(trail).toEqual([
      { id: expect.any(String), actor_id: null, target_type: 'iam:accounts', details: { by: 'operator' } },
    ]);
    const ofPerson = (event: IamEvent) =>
      event.target?.id === user.account.id || event.details['account_id'] === user.account.id;
    await eventually(() => Promise.resolve(heard.some(({ id }) => id === trail[0]?.['id'])));
    await eventually(() => Promise.resolve(heard.filter(ofPerson).filter(isEnd).length === 2));
    expect(
      heard
        .filter(ofPerson)
        .filter(isEnd)
        .map(({ actorId }) => actorId),
    ).toEqual([null, null]);
  });

  it('makes codes, recovery codes and tokens of a sign-in that had begun useless', async () => {
    const user = await person();
    const token = await mfaToken(app, user.account);
    expect((await reset(user.account.email)).exitCode).toBe(0);
    for (const proof of [{ recovery_code: user.recoveryCode }, { code: user.app.code() }]) {
      expect((await secondStep(app, token, proof)).status).toBe(401);
    }
    expect(await sessionIds(app, user.account.id)).toEqual([]);
  });

  it('changes nothing of other accounts', async () => {
    const [user, other] = [await person(), await person()];
    expect((await reset(user.account.email)).exitCode).toBe(0);
    expect(await held(other)).toEqual([1, 1, 10, 1]);
    expect((await other.get('/auth/me')).status).toBe(200);
    expect(errorsOf(await login(other))).toEqual(['401 mfa_required']);
  });

  it('says that there is no such account, and leaves no line', async () => {
    const { exitCode, out, err } = await reset('nobody@example.com');
    expect([exitCode, out, err]).toEqual([1, '', 'There is no account nobody@example.com.\n']);
    const lines = await app.sql(
      `SELECT FROM audit_events WHERE action = 'iam:accounts.factors_reset' AND target_id IS NULL`,
    );
    expect(lines).toEqual([]);
  });

  it.each([[[]], [['jane']], [['a@example.com', 'b@example.com']]])(
    'does nothing when called with %j, and exits with 2',
    async (args) => {
      const { exitCode, out, err } = await reset(...args);
      expect([exitCode, out]).toEqual([2, '']);
      expect(err).toContain('factors reset --help');
    },
  );
});

/** Whether a session ended because the factors were removed. */
const isEnd = ({ name, details }: IamEvent): boolean =>
  name === 'iam:account_sessions.ended' && details['reason'] === 'factors_removed';
