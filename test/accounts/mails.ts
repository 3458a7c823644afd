import { setTimeout as sleep } from 'node:timers/promises';
import type { TestApp } from '../support/app.js';
import type { CaughtMail } from '../support/smtp-sink.js';

/** Generous: a first try that failed on a busy machine is followed by others within seconds. */
const WITHIN_SECONDS = 30;

/** The mails that an address was sent, oldest first; waits until there are enough of them. */
export async function mailsTo(
  app: TestApp,
  email: string,
  enough: number | ((mails: readonly CaughtMail[]) => boolean) = 1,
): Promise<readonly CaughtMail[]> {
  const end = Date.now() + WITHIN_SECONDS * 1_000;
  for (;;) {
    const mails = app.mails.mails.filter(({ recipients }) => recipients.includes(email));
    if (typeof enough === 'number' ? mails.length >= enough : enough(mails)) return mails;
    if (Date.now() > end) {
      const jobs = await waitingJobs(app);
      throw new Error(
        `Of the mails to ${email}, only ${mails.length} came within ${WITHIN_SECONDS} s. In the outbox: ${jobs}`,
      );
    }
    await sleep(10);
  }
}

/** What the outbox still has to do, and why it did not. */
async function waitingJobs(app: TestApp): Promise<string> {
  const jobs = await app.sql<{ job: string }>(
    `SELECT format('%s, tries %s, %s, run_at %s, %s', task_identifier, attempts, coalesce(locked_by, 'not locked'),
      run_at - now(), coalesce(last_error, 'no error')) AS job FROM graphile_worker.jobs ORDER BY id`,
  );
  return jobs.map(({ job }) => job).join('; ') || 'nothing';
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
