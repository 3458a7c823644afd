import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { startApp, type TestApp } from '../support/app.js';
import { errorsOf } from '../support/client.js';
import { signedIn } from '../support/factories.js';
import { type Enrolled, enrolled, firstStep, mailTo, mfaToken, secondStep } from './factors.js';

describe('Recovery codes', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  const make = async ({ post }: Pick<Enrolled, 'post'>): Promise<string[]> =>
    (await post('/account/recovery_codes')).body.meta.codes;
  const use = async ({ account }: Enrolled, code: string) =>
    secondStep(app, await mfaToken(app, account), { recovery_code: code });

  it('are ten of ten characters, of which only hashes are stored', async () => {
    const person = await enrolled(app);
    const codes = await make(person);
    expect(codes).toHaveLength(10);
    expect(new Set(codes).size).toBe(10);
    for (const code of codes) expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{10}$/);
    const rows = await app.sql<{ hash: string }>('SELECT hash FROM account_recovery_codes WHERE account_id = $1', [
      person.account.id,
    ]);
    expect(rows).toHaveLength(10);
    expect(codes.some((code) => rows.some(({ hash }) => hash.includes(code)))).toBe(false);
  });

  it('take the place of the factor once each, and the mail says how many are left', async () => {
    const person = await enrolled(app);
    const [first = '', second = ''] = await make(person);
    const response = await use(person, first);
    expect(decodeJwt(response.body.meta.token)['amr']).toEqual(['pwd', 'rcv', 'mfa']);
    expect(await mailTo(app, person.account.email, /code .* was used/)).toContain('Recovery codes left: 9.');
    expect(errorsOf(await use(person, first))).toEqual(['401 invalid_credentials /recovery_code']);
    expect((await use(person, second)).status).toBe(200);
  });

  it('are good once, of 20 uses at once too', async () => {
    const person = await enrolled(app);
    const [code = ''] = await make(person);
    const tokens = await Promise.all(Array.from({ length: 8 }, () => mfaToken(app, person.account)));
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => secondStep(app, tokens[n % 8] ?? '', { recovery_code: code })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('may be typed in small letters, with a space or a dash', async () => {
    const person = await enrolled(app);
    const [first = '', second = ''] = await make(person);
    expect((await use(person, `${first.slice(0, 5)}-${first.slice(5)}`.toLowerCase())).status).toBe(200);
    expect((await use(person, `${second.slice(0, 5)} ${second.slice(5)}`)).status).toBe(200);
    expect(errorsOf(await use(person, 'short'))).toEqual(['422 validation_failed /recovery_code']);
  });

  it('are void once new ones are made', async () => {
    const person = await enrolled(app);
    const [old = ''] = await make(person);
    const [fresh = ''] = await make(person);
    expect(errorsOf(await use(person, old))).toEqual(['401 invalid_credentials /recovery_code']);
    expect((await use(person, fresh)).status).toBe(200);
  });

  it('are counted apart, and locked after ten failures', async () => {
    const person = await enrolled(app);
    await make(person);
    for (let n = 0; n < 10; n++) expect((await use(person, 'AAAAAAAAAA')).status).toBe(401);
    expect((await use(person, 'AAAAAAAAAA')).status).toBe(429);
    const code = await secondStep(app, await mfaToken(app, person.account), { code: person.app.code() });
    expect(code.status).toBe(200);
  });

  it('are offered only where there are some', async () => {
    const person = await enrolled(app);
    const factors = async () => (await firstStep(app, person.account)).body.errors[0].meta.factors;
    expect(await factors()).toEqual(['totp']);
    await make(person);
    expect(await factors()).toEqual(['totp', 'recovery_code']);
  });

  it('need a factor whose place they take, and go with the last one', async () => {
    const person = await signedIn(app);
    expect(errorsOf(await person.post('/account/recovery_codes'))).toEqual(['409 conflict']);
    const other = await enrolled(app);
    await make(other);
    expect((await other.delete(`/account_factors/${other.factorId}`)).status).toBe(204);
    const rows = await app.sql('SELECT 1 FROM account_recovery_codes WHERE account_id = $1', [other.account.id]);
    expect(rows).toEqual([]);
  });
});
