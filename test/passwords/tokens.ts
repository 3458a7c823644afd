import { newToken } from '../../src/auth/tokens/secrets.js';
import type { TestApp } from '../support/app.js';
import { storeToken } from '../support/factories.js';

/** Issues a reset token behind the service's back, good for so many seconds (an hour, or past already). */
export async function resetToken(app: TestApp, accountId: string, seconds = 3600): Promise<string> {
  const { token, hash } = newToken();
  await storeToken(app, accountId, 'reset', { hash, expiresAt: new Date(Date.now() + seconds * 1000) });
  return token;
}

/** What the database has of an account's secrets and of joining. */
export interface Secrets {
  readonly hashedPassword: string | null;
  /** Raised by every new password; 0 without one. */
  readonly passwordVersion: number;
  /** Hashes of its tokens by purpose, in the order in which they were made. */
  readonly invitations: readonly string[];
  readonly resets: readonly string[];
  readonly joinedAt: Date | null;
  readonly version: number;
}

/** The secrets of an account as the tables have them. */
export async function secretsOf(app: Pick<TestApp, 'sql'>, accountId: string): Promise<Secrets> {
  const hashes = (purpose: string): string => `ARRAY(
    SELECT hash FROM one_time_tokens WHERE account_id = account.id AND purpose = '${purpose}' ORDER BY created_at, id)::text[]`;
  const [secrets] = await app.sql<Secrets>(
    `SELECT credentials.hashed_password AS "hashedPassword", coalesce(credentials.version, 0) AS "passwordVersion",
       ${hashes('invitation')} AS invitations, ${hashes('reset')} AS resets,
       account.joined_at AS "joinedAt", account.version
     FROM accounts account LEFT JOIN account_credentials credentials ON credentials.account_id = account.id
     WHERE account.id = $1`,
    [accountId],
  );
  if (!secrets) throw new Error('There is no such account');
  return secrets;
}
