import { createHash, randomUUID } from 'node:crypto';
import type { TestApp } from '../support/app.js';
import { as, type ApiClient } from '../support/client.js';
import {
  account,
  organization,
  signedIn,
  signIn,
  type AccountOptions,
  type TestAccount,
} from '../support/factories.js';

/** The accounts that are targets, by their relation to the actor. */
export const ROWS = ['own', 'same', 'other', 'higher', 'shared'] as const;
export type Row = (typeof ROWS)[number];

/** A role that outranks the actor's. */
const HIGHER: Readonly<Record<string, string>> = {
  anonymous: 'user',
  user: 'org_owner',
  org_owner: 'admin',
  support: 'admin',
  admin: 'system',
};

/** One row: an account, its session, its tokens, and the organizations that it stands for. */
export interface Target {
  readonly account: TestAccount;
  readonly session: string;
  readonly invitationToken: string;
  readonly resetToken: string;
  readonly roleName: string;
  /** The `role_scope` that an account is created with in its place. */
  readonly scope: { readonly org?: readonly string[] };
  /** An organization of the row. */
  readonly organization: string;
}

/** An actor of some role, and one target of each relation, created for every check. */
export interface World {
  readonly actor: ApiClient;
  readonly rows: Readonly<Record<Row, Target>>;
}

const hashed = (token: string): string => createHash('sha256').update(token).digest('hex');

/** Creates a world. The anonymous actor is in the place of a user. `invited`: all accounts but the actor's have not joined. */
export async function world(app: TestApp, role: string, { invited = false } = {}): Promise<World> {
  const [red, blue] = [await organization(app, 'Red'), await organization(app, 'Blue')];
  const actor = await signedIn(app, { role: role === 'anonymous' ? 'user' : role, org: [red] });
  const higher = HIGHER[role] ?? 'system';
  const target = async (options: AccountOptions): Promise<Target> => {
    const [invitationToken, resetToken] = [randomUUID(), randomUUID()];
    const expiresAt = new Date(Date.now() + 3_600_000);
    const made = await account(app, {
      ...options,
      reset: { hash: hashed(resetToken), expiresAt },
      ...(invited && { invitation: { hash: hashed(invitationToken), expiresAt }, columns: { joined_at: null } }),
    });
    await signIn(app, made);
    return describeTarget(made, { invitationToken, resetToken }, options);
  };
  const describeTarget = async (
    made: TestAccount,
    tokens: Pick<Target, 'invitationToken' | 'resetToken'>,
    { org = [], role: roleName = 'user' }: AccountOptions,
  ): Promise<Target> => {
    const [session] = await app.sql<{ id: string }>('SELECT id FROM account_sessions WHERE account_id = $1', [made.id]);
    return {
      account: made,
      session: session?.id ?? '',
      ...tokens,
      scope: org.length > 0 ? { org } : {},
      roleName,
      organization: org[0] ?? '',
    };
  };
  const none = { invitationToken: randomUUID(), resetToken: randomUUID() };
  return {
    actor: role === 'anonymous' ? as(app) : actor,
    rows: {
      own: { ...(await describeTarget(actor.account, none, { role })), organization: red },
      same: await target({ org: [red] }),
      other: await target({ org: [blue] }),
      higher: await target({ org: [red], role: higher }),
      shared: await target({ org: [red, blue] }),
    },
  };
}
