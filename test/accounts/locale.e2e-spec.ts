import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf, ids, type ApiClient } from '../support/client.js';
import { account, admin, organization, signedIn, type SignedIn } from '../support/factories.js';
import { mailsTo } from './mails.js';

describe('The language of an account', () => {
  let app: TestApp;
  let root: ApiClient;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'iam-messages-'));
    await writeFile(join(folder, 'fr.yml'), 'codes:\n  invalid_credentials: Faux\n');
    app = await startApp({ env: { ERROR_MESSAGES: folder } });
    root = await admin(app);
  });
  afterAll(async () => {
    await app.stop();
    await rm(folder, { recursive: true });
  });

  const change = ({ account: { id }, patch }: SignedIn, locale: unknown) =>
    patch(`/accounts/${id}`, document('iam:accounts', { locale }, id));

  it('is null at first, and chosen by its owner', async () => {
    const user = await signedIn(app);
    expect((await user.get(`/accounts/${user.account.id}`)).body.data.attributes.locale).toBeNull();
    for (const locale of ['de', 'en', null]) {
      const response = await change(user, locale);
      expect([response.status, response.body.data.attributes.locale]).toEqual([200, locale]);
    }
  });

  it('is one of those that there are, with those that a team adds', async () => {
    const user = await signedIn(app);
    expect((await change(user, 'fr')).status).toBe(200);
    for (const locale of ['es', 'DE', '', 'de-CH', 'x'.repeat(36), 7]) {
      expect([locale, errorsOf(await change(user, locale))]).toEqual([
        locale,
        ['422 validation_failed /data/attributes/locale'],
      ]);
    }
    const { meta } = (await change(user, 'es')).body.errors[0];
    expect(meta).toEqual({ rule: 'not_allowed', allowed: ['de', 'en', 'fr'] });
  });

  it('is given by who may update the account, and on creating it', async () => {
    const org = await organization(app);
    const owner = await signedIn(app, { role: 'org_owner', org: [org] });
    const [member, stranger] = [await account(app, { org: [org] }), await account(app)];
    const attributes = { locale: 'de' };
    const set = (id: string) => owner.patch(`/accounts/${id}`, document('iam:accounts', attributes, id));
    expect((await set(member.id)).body.data.attributes.locale).toBe('de');
    expect((await set(stranger.id)).status).toBe(404);
    const email = `created-${member.id}@example.com`;
    const created = await root.post('/accounts', document('iam:accounts', { ...attributes, email }));
    expect(created.body.data.attributes.locale).toBe('de');
    // Also of the mail that the request in another language causes.
    expect((await mailsTo(app, email))[0]?.parsed.headers.get('content-language')).toBe('de');
    expect(ids(await owner.get('/accounts?filter[locale]=de'))).toEqual([member.id]);
  });

  it('is that of mails, whatever the language of the request', async () => {
    const { email } = await account(app, { columns: { locale: 'de' } });
    await as(app).post('/account/passwords/request_reset', { email }, { 'accept-language': 'en' });
    expect((await mailsTo(app, email))[0]?.parsed.subject).toBe('Neues Passwort für Iam');
    const french = await account(app, { columns: { locale: 'fr' } });
    await as(app).post('/account/passwords/request_reset', { email: french.email }, { 'accept-language': 'de' });
    // There are no mails in it.
    expect((await mailsTo(app, french.email))[0]?.parsed.subject).toBe('Neues Passwort für Iam');
  });

  it('is that of errors, unless the request names one', async () => {
    const user = await signedIn(app);
    const wrong = (language?: string) =>
      user.post('/account/passwords/change', {}, language === undefined ? {} : { 'accept-language': language });
    const detail = async (language?: string) => (await wrong(language)).body.errors[0].detail;
    expect(await detail()).toMatch(/^The current password/);
    await change(user, 'de');
    expect(await detail()).toBe('Das aktuelle Passwort fehlt');
    expect(await detail('*')).toBe('Das aktuelle Passwort fehlt');
    expect(await detail('en')).toMatch(/^The current password/);
    await change(user, null);
    expect(await detail()).toMatch(/^The current password/);
  });
});
