import { randomUUID } from 'node:crypto';
import { mailedToken, mailsTo, tokenIn } from '../mails.js';
import type { TestApp } from '../../support/app.js';
import { as, type ApiResponse } from '../../support/client.js';
import type { CaughtMail } from '../../support/smtp-sink.js';
import { signedIn, type AccountOptions, type SignedIn } from '../../support/factories.js';

export const newAddress = (): string => `new-${randomUUID()}@example.com`;

export const confirm = (app: TestApp, token: string): Promise<ApiResponse> =>
  as(app).post('/account/email/confirm', { token });
export const revert = (app: TestApp, token: string): Promise<ApiResponse> =>
  as(app).post('/account/email/revert', { token });

/** The e-mail of an account. */
export async function emailOf(app: TestApp, accountId: string): Promise<string | undefined> {
  const [row] = await app.sql<{ email: string }>('SELECT email FROM accounts WHERE id = $1', [accountId]);
  return row?.email;
}

/** An account whose e-mail has changed: its former and its new one, and the token that takes it back. */
export interface Changed {
  readonly user: SignedIn;
  readonly former: string;
  readonly email: string;
  readonly takeBack: string;
}

/** Requests another e-mail, and confirms it. */
export async function changeEmail(app: TestApp, user: SignedIn, former: string): Promise<Changed> {
  const email = newAddress();
  await user.post('/account/email', { email });
  await confirm(app, await mailedToken(app, email));
  const isNotice = ({ parsed }: CaughtMail): boolean => parsed.text?.includes('/revert-email?token=') ?? false;
  const mails = await mailsTo(app, former, (all) => all.some(isNotice));
  const notice = mails.findLast(isNotice);
  return { user, former, email, takeBack: notice ? tokenIn(notice) : '' };
}

/** The same of a new account. */
export async function changed(app: TestApp, options: AccountOptions = {}): Promise<Changed> {
  const user = await signedIn(app, options);
  return changeEmail(app, user, user.account.email);
}
