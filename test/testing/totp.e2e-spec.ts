import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestIam } from '../../src/testing/index.js';
import { startKit } from '../support/kit.js';

describe('An authenticator app of the test kit', () => {
  let iam: TestIam;

  beforeAll(async () => {
    iam = await startKit();
  });
  afterEach(() => iam.reset());
  afterAll(() => iam?.stop());

  it('is a second factor of the account, and gives codes to sign in with', async () => {
    const jane = await iam.create.account();
    const nextCode = await iam.create.totp(jane);
    await expect(iam.signIn(jane)).rejects.toThrow(/401 mfa_required/);
    await expect(iam.signIn(jane, 'abcdef')).rejects.toThrow(/422 validation_failed/);
    const client = await iam.signIn(jane, nextCode());
    expect((await client.get('/account_factors')).many()).toHaveLength(1);
    // The session has proved the factor a moment ago.
    expect((await client.post('/account/recovery_codes')).status).toBe(200);
  });

  it('gives three codes at once, and another one each 30 seconds', async () => {
    const jane = await iam.create.account();
    const nextCode = await iam.create.totp(jane);
    await iam.signIn(jane, nextCode());
    expect(() => {
      // One more than a step that begins meanwhile gives.
      for (let codes = 0; codes < 4; codes++) nextCode();
    }).toThrow("await iam.clock.advance('30 seconds')");
    await iam.clock.advance('2 minutes');
    expect((await iam.signIn(jane, nextCode())).account.id).toBe(jane.id);
  });

  it('leaves a client without a second factor as it is', async () => {
    const john = await iam.create.account();
    expect((await iam.signIn(john, '123456')).account.id).toBe(john.id);
  });
});
