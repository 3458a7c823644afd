import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { changed, emailOf, newAddress } from '../accounts/email/email-app.js';
import { mailedToken } from '../accounts/mails.js';
import { startApp, type TestApp } from '../support/app.js';
import { signedIn } from '../support/factories.js';
import { open, valueOf } from './page-client.js';

const GERMAN = { 'accept-language': 'de' };

describe('The pages of links in mails about an e-mail', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  /** An account that wants another e-mail, and the token of the mail. */
  const wanting = async () => {
    const user = await signedIn(app);
    const email = newAddress();
    await user.post('/account/email', { email });
    return { id: user.account.id, former: user.account.email, email, token: await mailedToken(app, email) };
  };

  it('confirm with a button, and opening one changes nothing', async () => {
    const { id, former, email, token } = await wanting();
    for (let n = 0; n < 3; n++) {
      const page = await open(app, `/confirm-email?token=${token}`);
      expect([page.status, valueOf(page, 'email'), valueOf(page, 'token')]).toEqual([200, email, token]);
      expect(page.text).toContain('Confirm the address');
    }
    expect(await emailOf(app, id)).toBe(former);
    const sent = await open(app, '/confirm-email', { form: { token } });
    expect([sent.status, sent.headers.get('location'), sent.html]).toEqual([303, 'confirm-email/done', '']);
    expect(await emailOf(app, id)).toBe(email);
    expect((await open(app, '/confirm-email/done', { headers: GERMAN })).text).toContain('Ihre E-Mail-Adresse wurde');
  });

  it('take a change back with a button, and opening one changes nothing', async () => {
    const { user, former, email, takeBack: token } = await changed(app);
    const page = await open(app, `/revert-email?token=${token}`, { headers: GERMAN });
    expect([page.status, valueOf(page, 'email')]).toEqual([200, former]);
    expect(page.text).toContain('Änderung rückgängig machen');
    expect(await emailOf(app, user.account.id)).toBe(email);
    const sent = await open(app, '/revert-email', { form: { token } });
    expect([sent.status, sent.headers.get('location')]).toEqual([303, 'revert-email/done']);
    expect(await emailOf(app, user.account.id)).toBe(former);
    expect((await open(app, '/revert-email/done')).text).toContain('A message with a link to choose a new password');
  });

  it.each(['confirm-email', 'revert-email'])(
    '/%s says of a useless link that it is void, and offers no reset',
    async (path) => {
      const { token } = await wanting();
      const wrong = path === 'revert-email' ? token : 'x'.repeat(43);
      for (const page of [
        await open(app, `/${path}?token=${wrong}`),
        await open(app, `/${path}`),
        await open(app, `/${path}`, { form: { token: wrong } }),
      ]) {
        expect(page.status).toBe(404);
        expect(page.text).toContain('This link does not work any more');
        expect(page.html).not.toContain('forgot-password');
      }
    },
  );

  it('are sent from this site only', async () => {
    const { token, id, former } = await wanting();
    const headers = { origin: 'https://evil.example.net' };
    expect((await open(app, '/confirm-email', { form: { token }, headers })).status).toBe(403);
    expect(await emailOf(app, id)).toBe(former);
  });
});
