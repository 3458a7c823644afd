import { MailboxToken } from '../../src/mailbox/mailbox.guard.js';
import { eventually } from '../outbox/outbox-fixture.js';
import { open } from '../pages/page-client.js';
import type { TestApp } from '../support/app.js';

/** The mailbox's address, as the start prints it. */
export const mailboxPath = (app: TestApp): string => app.nest.get(MailboxToken, { strict: false }).path;

/** Waits for a mail with this subject to be listed, and gives the address of its page. */
export const listed = (app: TestApp, subject: string): Promise<string> =>
  eventually(async () => {
    const { html } = await open(app, mailboxPath(app));
    const [, name] = new RegExp(`<a href="([^"]+)">${subject}</a>`).exec(html) ?? [];
    return name === undefined ? '' : new URL(name, app.url + mailboxPath(app)).pathname;
  });
