import { Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { hashToken } from '../auth/tokens/refresh-tokens.js';
import { FIELD_TYPES } from '../json-api/resource/field-types.js';
import { type Transaction, Transactions } from '../json-api/sql/executor.js';
import { type Operands, OPERATORS, plainValues } from '../json-api/sql/operators.js';
import { or, raw, sql, type Sql } from '../json-api/sql/sql.js';
import { Sweeps } from '../sweeps/sweeps.js';
import type { TokenPurpose } from './account-token.entity.js';

/** A token with its enabled account. */
export interface FoundToken {
  readonly accountId: string;
  readonly name: string;
  readonly email: string;
  readonly joined: boolean;
  /** Name of the account that invites; null for another token, and where that account was deleted. */
  readonly issuerName: string | null;
  readonly expiresAt: Date;
  readonly expired: boolean;
}

/** Lifetimes of tokens, in seconds: three days, and an hour. */
const LIFETIMES: Readonly<Record<TokenPurpose, number>> = { invitation: 3 * 24 * 3600, reset: 3600 };
/** Maximum number of valid reset tokens of one account. */
const MAX_RESET_TOKENS = 3;

/** Whether `token` resets a password, and is good. */
const LIVE_RESET = sql`token.purpose = 'reset' AND token.expires_at > now()`;

/** When a token that is made now expires, by the database's clock. */
const expiry = (purpose: TokenPurpose): string => `now() + make_interval(secs => ${LIFETIMES[purpose]})`;

/** When an invitation that is made now expires, for the account's own row. */
export const invitationExpiry = (): string => expiry('invitation');

/**
 * The tokens that are mailed to owners of accounts. Creating, using or revoking one requires a lock on the row of the account,
 * which is taken before the tokens, so that concurrent operations on one account are serialized.
 */
@Injectable()
export class TokensRepository {
  constructor(private readonly transactions: Transactions) {}

  /** A token of an enabled account, including an expired one. Does not use the token. */
  async find(purpose: TokenPurpose, hash: string): Promise<FoundToken | undefined> {
    const [row] = await this.transactions.query<FoundToken>(sql`
      SELECT token.account_id AS "accountId", account.name, account.email, account.joined_at IS NOT NULL AS joined,
        issuer.name AS "issuerName", token.expires_at AS "expiresAt", token.expires_at <= now() AS expired
      FROM account_tokens token
      JOIN accounts account ON account.id = token.account_id
      LEFT JOIN accounts issuer ON issuer.id = token.issued_by
      WHERE token.hash = ${hash} AND token.purpose = ${purpose} AND account.enabled`);
    return row;
  }

  /** The id of the account of a valid token, as a subquery; null when there is none. */
  accountOf(purpose: TokenPurpose, hash: string): Sql {
    return sql`(SELECT account_id FROM account_tokens
      WHERE hash = ${hash} AND purpose = ${purpose} AND expires_at > now())`;
  }

  /** Creates the invitation of an account and replaces an earlier one. */
  async replaceInvitation(accountId: string, hash: string, issuedBy: string, tx: Transaction): Promise<void> {
    await tx.query(sql`
      WITH replaced AS (DELETE FROM account_tokens WHERE account_id = ${accountId} AND purpose = 'invitation')
      INSERT INTO account_tokens (id, hash, account_id, purpose, issued_by, expires_at)
      VALUES (${uuidv7()}, ${hash}, ${accountId}, 'invitation', ${issuedBy}, ${raw(expiry('invitation'))})`);
  }

  /** Creates a reset token in addition to the valid ones. Returns false at the maximum number of tokens. */
  async addReset(accountId: string, hash: string, tx: Transaction): Promise<boolean> {
    const rows = await tx.query(sql`
      INSERT INTO account_tokens (id, hash, account_id, purpose, expires_at)
      SELECT ${uuidv7()}::uuid, ${hash}, ${accountId}::uuid, 'reset', ${raw(expiry('reset'))}
      WHERE (SELECT count(*) FROM account_tokens token WHERE token.account_id = ${accountId} AND ${LIVE_RESET})
        < ${MAX_RESET_TOKENS}::int
      RETURNING id`);
    return rows.length > 0;
  }

  /** Uses a token and revokes all others of its account. Returns false when it is no longer valid. */
  async spend(accountId: string, purpose: TokenPurpose, hash: string, tx: Transaction): Promise<boolean> {
    const rows = await tx.query<{ spent: boolean }>(sql`
      DELETE FROM account_tokens WHERE account_id = ${accountId}
      RETURNING hash = ${hash} AND purpose = ${purpose} AND expires_at > now() AS spent`);
    return rows.some(({ spent }) => spent);
  }

  /** Revokes all tokens of an account. */
  async voidAll(accountId: string, tx: Transaction): Promise<void> {
    await tx.query(sql`DELETE FROM account_tokens WHERE account_id = ${accountId}`);
  }
}

const hasNoReset = (account: Sql): Sql =>
  sql`NOT EXISTS (SELECT FROM account_tokens token WHERE token.account_id = ${account} AND ${LIVE_RESET})`;

/** The condition of a filter: whether the account of that id has one of these reset tokens; `null` is an account that has none. */
export function resetTokenIs(account: Sql, operands: Operands): Sql {
  const hashes = plainValues(operands).map((token) => hashToken(String(token)));
  const issued = sql`${account} IN (
    SELECT token.account_id FROM account_tokens token WHERE token.hash = ANY(${hashes}::text[]) AND ${LIVE_RESET})`;
  return operands.orNull ? or([issued, hasNoReset(account)]) : issued;
}

/** The condition of a filter: whether the last of an account's reset tokens expires then; `null` is an account that has none. */
export function lastResetExpiryIs(account: Sql, { values, orNull }: Operands): Sql {
  const then = OPERATORS.eq.sql(sql`token.expires_at`, { values, orNull: false }, FIELD_TYPES.time);
  const expires = sql`${account} IN (
    SELECT token.account_id FROM account_tokens token WHERE (${then}) AND ${LIVE_RESET} AND NOT EXISTS (
      SELECT FROM account_tokens later WHERE later.account_id = token.account_id AND later.purpose = 'reset'
        AND later.expires_at > token.expires_at))`;
  return orNull ? or([expires, hasNoReset(account)]) : expires;
}

/** How long an expired token is kept, so that the error says that it has expired rather than that it does not exist. */
const KEPT = raw(`interval '30 days'`);

/** Deletes tokens some time after they have expired; used and revoked tokens are deleted at once. */
@Injectable()
export class TokenSweep implements OnModuleInit {
  constructor(private readonly sweeps: Sweeps) {}

  onModuleInit(): void {
    this.sweeps.register({
      table: 'account_tokens',
      key: 'id',
      expired: sql`expires_at < now() - ${KEPT}`,
      by: 'expires_at',
      everySeconds: 3_600,
    });
  }
}
