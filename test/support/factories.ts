import { v7 as uuidv7 } from 'uuid';
import { emailKey } from '../../src/auth/email-key.js';
import { PasswordHasher } from '../../src/passwords/hashing/password.hasher.js';
import type { TestApp } from './app.js';
import { as, send, type ApiClient } from './client.js';
import { ADMIN } from './environment.js';

export const PASSWORD = 'Correct-horse-7';

/** An account that was put into the database. */
export interface TestAccount {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly password: string;
}

/** A mailed token as the database keeps it. */
export interface StoredToken {
  readonly hash: string;
  readonly expiresAt: Date | string;
}

export interface AccountOptions {
  readonly name?: string;
  readonly email?: string;
  readonly role?: string;
  /** Ids of its organizations. */
  readonly org?: readonly string[];
  readonly enabled?: boolean;
  /** False leaves it invited: without password, not joined. */
  readonly joined?: boolean;
  /** Its stored hash, in place of that of PASSWORD. */
  readonly hashedPassword?: string | null;
  /** Stored hashes of tokens, and when they expire. */
  readonly invitation?: StoredToken;
  readonly reset?: StoredToken;
  /** More columns of `accounts`, by their names in the database. */
  readonly columns?: Record<string, unknown>;
}

/** What rows need of an app. */
export type Rows = Pick<TestApp, 'nest' | 'sql'>;

/** Puts an organization into the database and gives its id. */
export async function organization(app: Rows, name = 'Organization'): Promise<string> {
  const id = uuidv7();
  await app.sql('INSERT INTO organizations (id, name) VALUES ($1, $2)', [id, name]);
  return id;
}

/** Puts an account into the database, by default a joined, enabled user without organizations. */
export async function account(app: Rows, options: AccountOptions = {}): Promise<TestAccount> {
  const id = uuidv7();
  const {
    name = 'Somebody',
    email = `${id}@example.com`,
    role = 'user',
    org = [],
    enabled = true,
    joined = true,
  } = options;
  const columns: Record<string, unknown> = {
    id,
    name,
    email,
    email_key: emailKey(email),
    enabled,
    role_name: role,
    joined_at: joined ? new Date() : null,
    ...(options.invitation && { invitation_expired_at: options.invitation.expiresAt }),
    ...options.columns,
  };
  const names = Object.keys(columns);
  await app.sql(
    `INSERT INTO accounts (${names.join(', ')}) VALUES (${names.map((_, i) => `$${i + 1}`).join(', ')})`,
    Object.values(columns),
  );
  const { hashedPassword = joined ? await app.nest.get(PasswordHasher, { strict: false }).hash(PASSWORD) : null } =
    options;
  if (hashedPassword !== null) {
    await app.sql('INSERT INTO account_credentials (account_id, hashed_password) VALUES ($1, $2)', [
      id,
      hashedPassword,
    ]);
  }
  for (const purpose of ['invitation', 'reset'] as const) {
    if (options[purpose]) await storeToken(app, id, purpose, options[purpose]);
  }
  for (const organizationId of org) {
    await app.sql('INSERT INTO memberships (account_id, organization_id) VALUES ($1, $2)', [id, organizationId]);
  }
  return { id, email, name, password: PASSWORD };
}

/** Puts a token of an account into the database. */
export async function storeToken(
  app: Pick<TestApp, 'sql'>,
  accountId: string,
  purpose: 'invitation' | 'reset',
  { hash, expiresAt }: StoredToken,
): Promise<void> {
  await app.sql('INSERT INTO one_time_tokens (id, hash, account_id, purpose, expires_at) VALUES ($1, $2, $3, $4, $5)', [
    uuidv7(),
    hash,
    accountId,
    purpose,
    expiresAt,
  ]);
}

/** The tokens of a fresh sign-in. */
export interface Tokens {
  readonly token: string;
  readonly refreshToken: string;
}

/** Signs in over HTTP. */
export async function signIn(app: TestApp, { email, password }: { email: string; password: string }): Promise<Tokens> {
  const response = await send(app, 'POST', '/auth/login', { body: { email, password } });
  if (response.status !== 200) throw new Error(`Signing in gave ${response.status}: ${response.text}`);
  return { token: response.body.meta.token, refreshToken: response.body.meta.refresh_token };
}

/** A signed-in user: the account, and its requests. */
export interface SignedIn extends ApiClient {
  readonly account: TestAccount;
  readonly token: string;
  readonly refreshToken: string;
}

/** A new account with this role and these organizations, signed in. */
export async function signedIn(app: TestApp, options: AccountOptions = {}): Promise<SignedIn> {
  const made = await account(app, options);
  const tokens = await signIn(app, made);
  return { ...as(app, tokens.token), ...tokens, account: made };
}

/** The first admin, signed in. */
export async function admin(app: TestApp): Promise<ApiClient & { id: string; token: string }> {
  const { token } = await signIn(app, ADMIN);
  const [row] = await app.sql<{ id: string }>('SELECT id FROM accounts WHERE email = $1', [ADMIN.email]);
  return { ...as(app, token), id: row?.id ?? '', token };
}
