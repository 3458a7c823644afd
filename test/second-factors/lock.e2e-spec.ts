import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addPasskey, newDevice, request } from '../passkeys/passkeys.js';
import { cookieHeader, cookiesOf } from '../sign-in/browser.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, errorsOf } from '../support/client.js';
import { type Enrolled, enrolled, mailTo, mfaToken, secondStep } from './factors.js';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

describe('Wrong codes', () => {
  let app: TestApp;
  let other: TestApp;

  beforeAll(async () => {
    app = await startApp();
    other = await startApp({ beside: app });
  });
  afterAll(async () => {
    await other.stop();
    await app.stop();
  });

  /** Fails so often, each time with a new sign-in, on each instance in turn. */
  async function fail({ account, app: device }: Enrolled, times: number): Promise<string[]> {
    const errors: string[] = [];
    for (let n = 0; n < times; n++) {
      const response = await secondStep(n % 2 ? app : other, await mfaToken(app, account), { code: device.wrong() });
      errors.push(...errorsOf(response));
    }
    return errors;
  }
  const retryAfter = async ({ account, app: device }: Enrolled, at = app): Promise<number> => {
    const response = await secondStep(at, await mfaToken(at, account), { code: device.wrong() });
    return response.status === 429 ? Number(response.headers.get('retry-after')) : 0;
  };
  const letPass = (seconds: number, accountId: string) =>
    app.sql(
      'UPDATE factor_attempts SET locked_until = locked_until - make_interval(secs => $1) WHERE account_id = $2',
      [seconds, accountId],
    );

  it('lock codes after ten over all sign-ins and instances, for 15 minutes, with a mail', async () => {
    const person = await enrolled(app);
    expect(await fail(person, 10)).toEqual(Array(10).fill('401 invalid_credentials /code'));
    // Limits of attempts are switched off in these tests, this one is not.
    for (const at of [app, other]) {
      const seconds = await retryAfter(person, at);
      expect(seconds).toBeGreaterThan(14 * MINUTE);
      expect(seconds).toBeLessThanOrEqual(15 * MINUTE);
    }
    expect(await mailTo(app, person.account.email, /wrong codes/)).toContain('Codes are locked until');
    const events = await app.sql<{ action: string }>(
      `SELECT action FROM audit_events WHERE target_id = $1 AND action LIKE 'iam:account_%' ORDER BY id`,
      [person.account.id],
    );
    expect(events.filter(({ action }) => action.endsWith('second_factor_failed'))).toHaveLength(10);
    expect(events.filter(({ action }) => action === 'iam:account_factors.locked')).toHaveLength(1);
  });

  it('lock twice as long each further time, up to 24 hours, and begin again after a right one', async () => {
    const person = await enrolled(app);
    const expected = [15, 30, 60, 120, 240, 480, 960, 1440, 1440].map((minutes) => minutes * MINUTE);
    for (const seconds of expected) {
      await app.sql('UPDATE factor_attempts SET failures = 9 WHERE account_id = $1', [person.account.id]);
      await fail(person, seconds === expected[0] ? 10 : 1);
      const left = await retryAfter(person);
      expect(Math.round(left / MINUTE)).toBe(seconds / MINUTE);
      await letPass(25 * HOUR, person.account.id);
    }
    const right = await secondStep(app, await mfaToken(app, person.account), { code: person.app.code() });
    expect(right.status).toBe(200);
    await fail(person, 10);
    expect(Math.round((await retryAfter(person)) / MINUTE)).toBe(15);
  });

  it('are counted before they are checked: of 40 at once no more than ten are', async () => {
    const person = await enrolled(app);
    const token = await mfaToken(app, person.account);
    const code = person.app.wrong();
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => secondStep(n % 2 ? app : other, token, { code })),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(30);
  });

  it('lock neither the password nor recovery codes, nor other accounts', async () => {
    const person = await enrolled(app);
    const codes = (await person.post('/account/recovery_codes')).body.meta.codes;
    await fail(person, 10);
    const token = await mfaToken(app, person.account);
    expect((await secondStep(app, token, { recovery_code: codes[0] })).status).toBe(200);
    expect(await retryAfter(await enrolled(app))).toBe(0);
  });

  it('lock neither passkeys nor trusted devices', async () => {
    const person = await enrolled(app);
    const device = newDevice();
    expect((await addPasskey(person, device)).status).toBe(200);
    const proof = { code: person.app.code(), trust_device: true };
    const trusted = cookiesOf(await secondStep(app, await mfaToken(app, person.account), proof))['trusted-device'];
    await fail(person, 10);
    expect(await retryAfter(person)).toBeGreaterThan(0);
    const { transaction, options } = await request(as(app), 'sign_in');
    const byPasskey = await as(app).post('/auth/passkey', { transaction, response: device.get(options) });
    expect(byPasskey.status).toBe(200);
    const { email, password } = person.account;
    const headers = { cookie: cookieHeader({ 'trusted-device': trusted?.value ?? '' }) };
    expect((await as(app).post('/auth/login', { email, password }, headers)).status).toBe(200);
  });

  it('at a session that proves again who it is count the same', async () => {
    const person = await enrolled(app);
    await fail(person, 9);
    const body = { password: person.account.password, code: person.app.wrong() };
    expect(errorsOf(await person.post('/auth/reauthenticate', body))).toEqual(['401 invalid_credentials /code']);
    expect((await person.post('/auth/reauthenticate', body)).status).toBe(429);
    expect(await retryAfter(person)).toBeGreaterThan(0);
  });
});
