import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { command } from '../cli/command-line.js';
import { startApp, type TestApp } from '../support/app.js';
import { as, document, errorsOf, ids } from '../support/client.js';
import { TEST_ENVIRONMENT } from '../support/environment.js';
import { account, admin, PASSWORD, signIn } from '../support/factories.js';
import { mailsTo } from './mails.js';

const TYPE = 'iam:accounts';

/** Browsers post `x@xn--bcher-kva.example` for `x@bücher.example`: one mailbox is one account, however it is spelled. */
describe('An e-mail with a domain beyond ASCII', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  const spellings = () => {
    const local = randomUUID();
    return { unicode: `${local}@bücher.example`, ascii: `${local}@xn--bcher-kva.example` };
  };

  it('is one account in both spellings, and keeps the one that it was given', async () => {
    const { post, get } = await admin(app);
    for (const turn of [0, 1]) {
      const { unicode, ascii } = spellings();
      const [first, second] = turn === 0 ? [unicode, ascii] : [ascii, unicode];
      const made = await post('/accounts', document(TYPE, { name: 'Ada', email: first }));
      expect(made.body.data.attributes.email).toBe(first);
      for (const email of [second, second.toUpperCase()]) {
        const response = await post('/accounts', document(TYPE, { name: 'Ada', email }));
        expect(errorsOf(response)).toEqual(['409 conflict /data/attributes/email']);
        for (const filter of ['email', 'email__in']) {
          const found = await get(`/accounts?filter[${filter}]=${encodeURIComponent(email)}`);
          expect([filter, ids(found)]).toEqual([filter, [made.body.data.id]]);
        }
      }
    }
  });

  it('signs in and resets its password by either spelling', async () => {
    const { unicode, ascii } = spellings();
    await account(app, { email: unicode });
    expect(await signIn(app, { email: ascii, password: PASSWORD })).toHaveProperty('token');
    expect(await signIn(app, { email: unicode, password: PASSWORD })).toHaveProperty('token');
    await as(app).post('/account/passwords/request_reset', { email: ascii });
    // The mail server decodes the domain of a recipient.
    expect((await mailsTo(app, unicode))[0]?.parsed.subject).toMatch(/^Reset your/);
  });

  it('is rejected where the DNS could not know it', async () => {
    const { post } = await admin(app);
    for (const domain of ['xn--a.example', 'xn--zz.example', `${'ü'.repeat(60)}.example`, 'xn--abc-.example']) {
      const response = await post('/accounts', document(TYPE, { name: 'Ada', email: `ada@${domain}` }));
      expect([domain, [...new Set(errorsOf(response))]]).toEqual([
        domain,
        ['422 validation_failed /data/attributes/email'],
      ]);
    }
  });

  it('that an older release stored is found by doctor, and compared anew by accounts rekey', async () => {
    const env = { ...TEST_ENVIRONMENT, DATABASE_URL: app.databaseUrl, MAIL_URL: app.mails.url };
    const [lone, pair] = [spellings(), spellings()];
    const old = (email: string) => ({ email, columns: { email_key: email } });
    const alone = await account(app, old(lone.unicode));
    const older = await account(app, old(pair.unicode));
    const newer = await account(app, { email: pair.ascii });
    const examined = async () => (await command(['doctor'], env)).out.replace(/ +/g, ' ');
    const before = await examined();
    expect(before).toContain(`problem accounts ${older.id} and ${newer.id} have the same mailbox`);
    expect(before).toContain('problem accounts 1 cannot sign in, since their e-mail keys are outdated');
    const first = await command(['accounts', 'rekey'], env);
    expect([first.exitCode, first.out]).toEqual([
      1,
      `1 e-mail compared anew.\n${older.id} has the same mailbox as ${newer.id}.\n`,
    ]);
    expect(await signIn(app, { email: lone.ascii, password: PASSWORD })).toHaveProperty('token');
    await app.sql('DELETE FROM accounts WHERE id = $1', [newer.id]);
    const second = await command(['accounts', 'rekey'], env);
    expect([second.exitCode, second.out]).toEqual([0, '1 e-mail compared anew.\n']);
    expect(await signIn(app, { email: pair.ascii, password: PASSWORD })).toHaveProperty('token');
    expect(await examined()).not.toMatch(/mailbox|older form/);
    expect(alone.email).toBe(lone.unicode);
  });
});
