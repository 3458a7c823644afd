import { ActorCache } from '../../src/auth/sessions/actor-loader.js';
import type { TestApp } from '../support/app.js';

/** A session as its table has it. */
export interface SessionRow {
  readonly id: string;
  readonly refresh_seq: number;
  readonly nonce: string;
  readonly created_at: Date;
  readonly expires_at: Date;
}

/** The ids of an account's sessions, oldest first. */
export async function sessionIds(app: TestApp, accountId: string): Promise<string[]> {
  const rows = await app.sql<{ id: string }>('SELECT id FROM account_sessions WHERE account_id = $1 ORDER BY id', [
    accountId,
  ]);
  return rows.map(({ id }) => id);
}

/** The newest session of an account. */
export async function sessionOf(app: TestApp, accountId: string): Promise<SessionRow> {
  const [row] = await app.sql<SessionRow>(
    `SELECT id, refresh_seq, nonce, created_at, expires_at FROM account_sessions
     WHERE account_id = $1 ORDER BY id DESC LIMIT 1`,
    [accountId],
  );
  if (!row) throw new Error('The account has no session');
  return row;
}

/** Lets time pass for a session, by moving its past back. */
export async function age(app: TestApp, sessionId: string, seconds: number): Promise<void> {
  await app.sql(
    `UPDATE account_sessions SET created_at = created_at - $2::interval, refreshed_at = refreshed_at - $2::interval,
       updated_at = updated_at - $2::interval, authenticated_at = authenticated_at - $2::interval, expires_at = expires_at - $2::interval WHERE id = $1`,
    [sessionId, `${seconds} seconds`],
  );
}

/** Makes the sign-in of an account's newest session an hour old, also for instances that remember it. */
export async function ageSignIn(accountId: string, ...[app, ...others]: [TestApp, ...TestApp[]]): Promise<void> {
  await age(app, (await sessionOf(app, accountId)).id, 3_600);
  for (const { nest } of [app, ...others]) nest.get(ActorCache, { strict: false }).forgetAll();
}
