import { createHash, randomBytes } from 'node:crypto';
import type { TestApp } from '../support/app.js';

/** Issues a reset token behind the service's back, good for so many seconds (an hour, or past already). */
export async function resetToken(app: TestApp, accountId: string, seconds = 3600): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await app.sql(
    `UPDATE accounts SET password_reset_token = $2, password_reset_token_expires_at = now() + $3::interval WHERE id = $1`,
    [accountId, createHash('sha256').update(token).digest('hex'), `${seconds} seconds`],
  );
  return token;
}

/** What an account's row says of its secrets and of joining. */
export interface SecretsRow {
  readonly hashed_password: string | null;
  readonly password_reset_token: string | null;
  readonly password_reset_token_expires_at: Date | null;
  readonly invitation_token: string | null;
  readonly joined_at: Date | null;
}

/** The secrets of an account as its table has them. */
export async function secretsOf(app: TestApp, accountId: string): Promise<SecretsRow> {
  const [row] = await app.sql<SecretsRow>(
    `SELECT hashed_password, password_reset_token, password_reset_token_expires_at, invitation_token, joined_at
     FROM accounts WHERE id = $1`,
    [accountId],
  );
  if (!row) throw new Error('There is no such account');
  return row;
}
