import { setTimeout as sleep } from 'node:timers/promises';
import type { TestApp } from '../support/app.js';
import type { CaughtMail } from '../support/smtp-sink.js';

/** The mails that an address was sent, oldest first; waits until there are enough of them. */
export async function mailsTo(
  app: TestApp,
  email: string,
  enough: number | ((mails: readonly CaughtMail[]) => boolean) = 1,
): Promise<readonly CaughtMail[]> {
  const end = Date.now() + 10_000;
  for (;;) {
    const mails = app.mails.mails.filter(({ recipients }) => recipients.includes(email));
    if (typeof enough === 'number' ? mails.length >= enough : enough(mails)) return mails;
    if (Date.now() > end) throw new Error(`Of the mails to ${email}, only ${mails.length} came within 10 s`);
    await sleep(10);
  }
}

/** The token in the link of a mail. */
export function tokenIn({ parsed }: CaughtMail): string {
  const token = /\?token=([\w-]+)/.exec(parsed.text ?? '')?.[1];
  if (token === undefined) throw new Error(`The mail "${parsed.subject}" has no token`);
  return token;
}

/** The token in the newest of so many mails to an address. */
export async function mailedToken(app: TestApp, email: string, count = 1): Promise<string> {
  const mails = await mailsTo(app, email, count);
  return tokenIn(mails[mails.length - 1] as CaughtMail);
}
