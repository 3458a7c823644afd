import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hashToken, newToken } from '../../src/auth/tokens/secrets.js';
import { secretsOf } from '../passwords/tokens.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf, send } from '../support/client.js';
import { account, admin, signedIn, storeToken } from '../support/factories.js';
import { mailedToken } from './mails.js';
import { filter, people } from './people.js';

const HIDDEN = [
  'hashed_password',
  'password_reset_token',
  'password_reset_token_expires_at',
  'invitation_token',
  'refresh_seq',
  'nonce',
];

/** What accounts know and never show: tokens and hashes, and the two filters that ask for them all the same. */
describe('Secrets of accounts', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  /** A reset token as its owner gets it. */
  const resetToken = async (email: string, count = 1): Promise<string> => {
    await send(app, 'POST', '/account/passwords/request_reset', { body: { email } });
    return mailedToken(app, email, count);
  };

  it('filter[password_reset_token] finds the account for which exactly that token was issued', async () => {
    const { get } = await admin(app);
    const { made, keysIn } = await people(app, { ada: {}, bob: {}, eve: {} });
    const [ada, bob] = [await resetToken(made.ada.email), await resetToken(made.bob.email)];
    const find = async (value: string) => keysIn(await get(`/accounts?${filter('password_reset_token', value)}`));
    expect(await find(ada)).toEqual(['ada']);
    expect(await find(`${ada},${bob}`)).toEqual(['ada', 'bob']);
    expect(await find('null')).toEqual(['eve']);
    expect(await find(`null,${bob}`)).toEqual(['bob', 'eve']);
    const later = await resetToken(made.ada.email, 2);
    expect([await find(ada), await find(later)]).toEqual([['ada'], ['ada']]);
    await app.sql(`UPDATE one_time_tokens SET expires_at = now() WHERE hash = $1`, [hashToken(ada)]);
    expect([await find(ada), await find(later)]).toEqual([[], ['ada']]);
    expect(await find(ada.slice(0, -1))).toEqual([]);
    const [hash = ''] = (await secretsOf(app, made.ada.id)).resets;
    expect(await find(hash)).toEqual([]);
  });

  it('a token that was filtered for stands in no link, and no link leads on without it', async () => {
    const { get } = await admin(app);
    const { email } = await account(app);
    const token = await resetToken(email);
    for (const name of ['filter[password_reset_token]', 'filter[password_reset_token][]']) {
      const response = await get(`/accounts?${name}=${token}&count=true&page[size]=1&filter[enabled]=true`);
      expect(response.body.meta.count).toBe(1);
      expect(response.text).not.toContain(token);
      expect(response.body.links).toMatchObject({ prev: null, next: null });
    }
  });

  it('filter[password_reset_token_expires_at] knows instants, days and null', async () => {
    const { get } = await admin(app);
    const at = (expiresAt: string) => ({ reset: { hash: newToken().hash, expiresAt } });
    const { made, keysIn } = await people(app, {
      first: at('2999-01-10T08:00:00.001Z'),
      second: at('2999-01-09T09:00:00.000Z'),
      over: at('2026-01-10T09:00:00.000Z'),
      none: {},
    });
    // The last of an account's tokens counts.
    await storeToken(app, made.second.id, 'reset', at('2999-01-10T09:00:00.000Z').reset);
    const find = async (value: string) =>
      keysIn(await get(`/accounts?${filter('password_reset_token_expires_at', value)}`));
    expect(await find('2999-01-10T08:00:00.001Z')).toEqual(['first']);
    expect(await find('2999-01-10')).toEqual(['first', 'second']);
    expect(await find('2999-01-09')).toEqual([]);
    expect(await find('2026-01-10')).toEqual([]);
    expect(await find('null')).toEqual(['over', 'none']);
    expect(await find('2999-01-10T09:00:00.000Z,null')).toEqual(['second', 'over', 'none']);
  });

  it.each(['user', 'org_owner'])(
    'both filters are rejected for the role %s, whatever they would find',
    async (role) => {
      const { get, account: own } = await signedIn(app, { role });
      const token = await resetToken(own.email);
      for (const query of [
        `filter[password_reset_token]=${token}`,
        'filter[password_reset_token]=null',
        'filter[password_reset_token][]=anything',
        'filter[password_reset_token_expires_at]=null',
        'filter[password_reset_token_expires_at]=2026-01-10',
      ]) {
        const response = await get(`/accounts?${query}`);
        expect(errorsOf(response)).toEqual([`403 forbidden ${query.split('=')[0]}`]);
        expect(response.text).not.toContain(token);
      }
    },
  );

  it.each(HIDDEN)('%s cannot be chosen, sorted by or written', async (name) => {
    const { get, patch } = await admin(app);
    const { id } = await account(app);
    expect(errorsOf(await get(`/accounts?fields[iam:accounts]=name,${name}`))).toEqual([
      '400 invalid_parameter fields[iam:accounts]',
    ]);
    expect(errorsOf(await get(`/accounts/${id}?fields[iam:accounts]=${name}`))).toEqual([
      '400 invalid_parameter fields[iam:accounts]',
    ]);
    expect(errorsOf(await get(`/accounts?sort=-${name}`))).toEqual(['400 invalid_parameter sort']);
    for (const value of ['x', null]) {
      expect(errorsOf(await patch(`/accounts/${id}`, document('iam:accounts', { [name]: value }, id)))).toEqual([
        `422 validation_failed /data/attributes/${name}`,
      ]);
    }
  });

  it('no document shows them: not the list, the account, what is included, nor the answers of writes', async () => {
    const actor = await admin(app);
    const email = 'canary@example.com';
    const created = await actor.post(
      '/accounts',
      document('iam:accounts', { name: 'Canary', email, role_name: 'user' }),
    );
    const { id } = created.body.data;
    const token = await mailedToken(app, email);
    const joined = await as(app).patch(`/accounts/${token}/join`, {}, { prefer: 'return=representation' });
    const reset = joined.body.meta.password_reset_token;
    const [hash = ''] = (await secretsOf(app, id)).resets;
    const responses = [
      created,
      await actor.get(`/accounts/${id}?included=account_sessions,organizations`),
      await actor.get('/accounts?included=account_sessions,organizations'),
      await actor.get('/account_sessions?included=account'),
      await actor.patch(`/accounts/${id}`, document('iam:accounts', { name: 'Bird' }, id)),
    ];
    for (const { status, text } of responses) {
      expect(status).toBe(200);
      for (const secret of [...HIDDEN, token, reset, hash, '$2']) {
        expect(text).not.toContain(secret);
      }
    }
    expect(Object.keys(joined.body.data.attributes)).toEqual(Object.keys(created.body.data.attributes));
  });
});
