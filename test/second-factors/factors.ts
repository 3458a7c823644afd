import { Secret, TOTP } from 'otpauth';
import type { TestApp } from '../support/app.js';
import { as, document, type ApiClient, type ApiResponse } from '../support/client.js';
import { type AccountOptions, type SignedIn, signedIn } from '../support/factories.js';

const STEP_MS = 30_000;
/** How long a code may be on its way. */
const LATE_MS = 3_000;

/** An authenticator app: it gives a code that was not given before, as long as three steps are enough. */
export class Authenticator {
  /** The step of the next code. */
  private next = 0;

  constructor(readonly secret: string) {}

  /** The next code. */
  code(): string {
    // The oldest step that is still accepted when the code arrives comes first, so that there are three codes at a time.
    const step = Math.max(this.next, Math.floor((Date.now() + LATE_MS) / STEP_MS) - 1);
    this.next = step + 1;
    // At the end of a step there are two at a time. The app under test runs in this process, and has nothing to do.
    const early = (step - 1) * STEP_MS - Date.now();
    if (early > 0 && early < LATE_MS) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, early);
    return this.at(step);
  }

  /** The code of a step. */
  at(step: number): string {
    return TOTP.generate({ secret: Secret.fromBase32(this.secret), timestamp: step * STEP_MS });
  }

  /** A code that is not good now. */
  wrong(): string {
    const now = Math.floor(Date.now() / STEP_MS);
    const good = [-2, -1, 0, 1, 2].map((step) => this.at(now + step));
    return ['111111', '222222', '333333', '444444', '555555', '666666'].find((code) => !good.includes(code)) ?? '';
  }
}

/** A person with a second factor. */
export interface Enrolled extends SignedIn {
  readonly factorId: string;
  readonly app: Authenticator;
}

/** Adds a factor without confirming it. */
export async function addFactor(client: Pick<ApiClient, 'post'>, name = 'Phone'): Promise<ApiResponse> {
  return client.post('/account_factors', document('iam:account_factors', { name }));
}

/** Adds a second factor to the account of a session. */
export async function enrol(client: Pick<ApiClient, 'post'>): Promise<{ factorId: string; app: Authenticator }> {
  const added = await addFactor(client);
  if (added.status !== 200) throw new Error(`Adding a factor gave ${added.status}: ${added.text}`);
  const app = new Authenticator(added.body.meta.secret);
  const factorId = added.body.data.id;
  const confirmed = await client.post(`/account_factors/${factorId}/confirm`, { code: app.code() });
  if (confirmed.status !== 200) throw new Error(`Confirming gave ${confirmed.status}: ${confirmed.text}`);
  return { factorId, app };
}

/** A signed-in person with a second factor. */
export async function enrolled(app: TestApp, options: AccountOptions = {}): Promise<Enrolled> {
  const person = await signedIn(app, options);
  return { ...person, ...(await enrol(person)) };
}

/** The first step of a sign-in. */
export const firstStep = (app: TestApp, { email, password }: { email: string; password: string }) =>
  as(app).post('/auth/login', { email, password });

/** The token for the second step of a sign-in. */
export async function mfaToken(app: TestApp, account: { email: string; password: string }): Promise<string> {
  const response = await firstStep(app, account);
  return response.body.errors[0].meta.mfa_token;
}

/** The second step of a sign-in. */
export const secondStep = (app: TestApp, token: string, factor: Record<string, unknown>) =>
  as(app).post('/auth/mfa', { mfa_token: token, ...factor });

/** The text of the mail to an address with this subject, on one line, as soon as it comes. */
export async function mailTo(app: TestApp, email: string, subject: RegExp): Promise<string> {
  const end = Date.now() + 10_000;
  for (;;) {
    const mail = app.mails.mails.find(
      ({ recipients, parsed }) => recipients.includes(email) && subject.test(parsed.subject ?? ''),
    );
    if (mail) return (mail.parsed.text ?? '').replaceAll(/\s+/g, ' ');
    if (Date.now() > end) throw new Error(`No mail ${subject} to ${email} came`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The token of the mail to an address with this subject. */
export async function tokenFor(app: TestApp, email: string, subject: RegExp): Promise<string> {
  return /[?]token=([\w-]+)/.exec(await mailTo(app, email, subject))?.[1] ?? '';
}
