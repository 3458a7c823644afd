import { Secret, TOTP } from 'otpauth';

const STEP_MS = 30_000;
/** How long a code may be on its way. */
const LATE_MS = 3_000;

/** An authenticator app: gives the next code at each call. @throws Error when there is none until time passes */
export type NextCode = () => string;

/**
 * The authenticator app of a key. The service accepts a code once, and those of three steps of 30 seconds at a time: so
 * there are three codes at once, and one more with each step.
 * @param secret the key, in base32
 */
export function authenticatorOf(secret: string): NextCode {
  let next = 0;
  return () => {
    const now = Math.floor(Date.now() / STEP_MS);
    // The oldest step that is still accepted when the code arrives.
    const step = Math.max(next, Math.floor((Date.now() + LATE_MS) / STEP_MS) - 1);
    if (step > now + 1) {
      throw new Error("A code is accepted once: await iam.clock.advance('30 seconds') before the next one.");
    }
    next = step + 1;
    return TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: step * STEP_MS });
  };
}
