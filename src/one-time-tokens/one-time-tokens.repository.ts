import { Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { hashToken, newToken, SecretBox } from '../auth/tokens/secrets.js';
import { type ApiError, apiError } from '../json-api/document/errors.js';
import { raw, type Sql, sql, type Transaction, Transactions } from '../json-api/sql/sql.js';
import { Sweeps } from '../sweeps/sweeps.js';
import { KEPT_SECONDS, LASTING_PURPOSES, TOKEN_PURPOSES, type TokenData, type TokenPurpose } from './token-purposes.js';
import type { PersonalTable } from '../personal-data/personal-data.js';

/** Tokens for an account, without their secrets. One that it issued is about another account, such as one that it invited. */
export const PERSONAL_TOKENS: PersonalTable = {
  table: 'one_time_tokens',
  key: 'id',
  accounts: { account_id: ['hash', 'browser_hash', 'data'], issued_by: 'not_exported' },
};

/** A token to be issued. */
export interface NewOneTimeToken<Purpose extends TokenPurpose> {
  readonly purpose: Purpose;
  readonly data: TokenData[Purpose];
  /** Null where the account is not known yet. */
  readonly accountId: string | null;
  readonly issuedBy?: string;
  /** Value of the cookie of the browser that it is bound to. */
  readonly browser?: string;
  /** Key of an e-mail that no other account can take while the token is valid. */
  readonly reservedEmailKey?: string;
}

/** A token that was used. */
export interface SpentToken<Purpose extends TokenPurpose> {
  readonly id: string;
  readonly accountId: string | null;
  readonly issuedBy: string | null;
  readonly data: TokenData[Purpose];
  readonly createdAt: Date;
}

/** A token with its account, which is enabled unless the purpose is a lasting one. */
export interface FoundToken<Purpose extends TokenPurpose = TokenPurpose> {
  readonly accountId: string;
  readonly name: string;
  readonly email: string;
  /** Language tag that the account prefers. */
  readonly locale: string | null;
  readonly joined: boolean;
  /** Name of the account that issued it; null where there is none, and where that account was deleted. */
  readonly issuerName: string | null;
  readonly data: TokenData[Purpose];
  readonly expiresAt: Date;
  readonly expired: boolean;
}

/** The error for a mailed token that is not there, or no longer. */
export const unknownToken = (detail = 'This token does not exist or was already used'): ApiError =>
  apiError('invalid_token', detail);

type Sealed<Token> = Omit<Token, 'data'> & { readonly data: string | null };

/** By literals, since a statement with a list as a value is not prepared, and planning these takes longer than running them. */
const IS_LASTING = raw(`purpose IN (${LASTING_PURPOSES.map((purpose) => `'${purpose}'`).join(', ')})`);

/** When a token that is made now expires, by the database's clock. */
const expiry = (purpose: TokenPurpose): string => `now() + make_interval(secs => ${TOKEN_PURPOSES[purpose].seconds})`;

/** When an invitation that is made now expires, for the account's own row. */
export const invitationExpiry = (): string => expiry('invitation');

/** What the data of a purpose is sealed for. */
const sealPurpose = (purpose: string): string => `one_time_token.${purpose}`;

/** The column with sealed data, for `secrets reseal`. */
export const SEALED_TOKEN_DATA = {
  table: 'one_time_tokens',
  column: 'data',
  purpose: `'${sealPurpose('')}' || purpose`,
};

/**
 * State that can be used once: every token has one purpose, and is used by one DELETE. Tokens of an account are created,
 * used and revoked under a lock on the row of the account, which is taken before the tokens, so that concurrent operations
 * on one account are serialized.
 */
@Injectable()
export class OneTimeTokensRepository {
  constructor(
    private readonly transactions: Transactions,
    private readonly secrets: SecretBox,
  ) {}

  /** A token with its account, including an expired one. Does not use the token. */
  async find<Purpose extends TokenPurpose>(purpose: Purpose, hash: string): Promise<FoundToken<Purpose> | undefined> {
    const [row] = await this.transactions.query<Sealed<FoundToken<Purpose>>>(sql`
      SELECT token.account_id AS "accountId", account.name, account.email, account.locale,
        account.joined_at IS NOT NULL AS joined,
        issuer.name AS "issuerName", token.data, token.expires_at AS "expiresAt", token.expires_at <= now() AS expired
      FROM one_time_tokens token
      JOIN accounts account ON account.id = token.account_id
      LEFT JOIN accounts issuer ON issuer.id = token.issued_by
      WHERE token.hash = ${hash} AND token.purpose = ${purpose} AND (account.enabled OR ${IS_LASTING})`);
    return row && this.opened<Purpose, Sealed<FoundToken<Purpose>>>(purpose, row);
  }

  /** The id of the account of a valid token, as a subquery; null when there is none. */
  accountOf(purpose: TokenPurpose, hash: string): Sql {
    return sql`(SELECT account_id FROM one_time_tokens
      WHERE hash = ${hash} AND purpose = ${purpose} AND expires_at > now())`;
  }

  /**
   * Creates a token. At the maximum number of valid tokens of the account and purpose, it replaces the oldest one or is
   * not issued, as {@link TOKEN_PURPOSES} says; null when it is not.
   */
  async issue<Purpose extends TokenPurpose>(
    { purpose, data, accountId, issuedBy, browser, reservedEmailKey }: NewOneTimeToken<Purpose>,
    tx: Transaction,
  ): Promise<string | null> {
    const { max, atMax } = TOKEN_PURPOSES[purpose];
    const same = sql`account_id = ${accountId} AND purpose = ${purpose} AND expires_at > now()`;
    const { token, hash } = newToken();
    const sealed = data === null ? null : this.secrets.seal(sealPurpose(purpose), JSON.stringify(data));
    const inserted = sql`
      INSERT INTO one_time_tokens
        (id, hash, purpose, account_id, issued_by, browser_hash, data, reserved_email_key, expires_at)
      SELECT ${uuidv7()}::uuid, ${hash}, ${purpose}, ${accountId}::uuid, ${issuedBy ?? null}::uuid,
        ${browser === undefined ? null : hashToken(browser)}, ${sealed}, ${reservedEmailKey ?? null},
        ${raw(expiry(purpose))}`;
    if (atMax === 'replace') {
      tx.send(sql`
        WITH replaced AS (
          DELETE FROM one_time_tokens WHERE id IN (
            SELECT id FROM one_time_tokens WHERE ${same} ORDER BY id DESC OFFSET ${max - 1}::int)) ${inserted}`);
      return token;
    }
    const rows = await tx.query(sql`
      ${inserted} WHERE (SELECT count(*) FROM one_time_tokens WHERE ${same}) < ${max}::int RETURNING id`);
    return rows.length > 0 ? token : null;
  }

  /**
   * Uses a token; null when it is not valid, or not valid in this browser. Of concurrent requests with one token, one gets it.
   * @param browser value of the cookie of the browser that the token is bound to
   */
  async spend<Purpose extends TokenPurpose>(
    purpose: Purpose,
    hash: string,
    tx: Pick<Transaction, 'query'>,
    browser?: string,
  ): Promise<SpentToken<Purpose> | null> {
    const [row] = await tx.query<Sealed<SpentToken<Purpose>>>(sql`
      DELETE FROM one_time_tokens
      WHERE hash = ${hash} AND purpose = ${purpose} AND expires_at > now()
        AND browser_hash IS NOT DISTINCT FROM ${browser === undefined ? null : hashToken(browser)}
      RETURNING id, account_id AS "accountId", issued_by AS "issuedBy", data, created_at AS "createdAt"`);
    return (row && this.opened<Purpose, Sealed<SpentToken<Purpose>>>(purpose, row)) ?? null;
  }

  /**
   * Records that a value from outside was used, for as long as its purpose says.
   * @returns false when it was used before
   */
  async recordUse(purpose: 'logout_token', value: string, tx: Transaction): Promise<boolean> {
    const rows = await tx.query(sql`
      INSERT INTO one_time_tokens (id, hash, purpose, expires_at)
      VALUES (${uuidv7()}, ${hashToken(`${purpose} ${value}`)}, ${purpose}, ${raw(expiry(purpose))})
      ON CONFLICT (hash) DO NOTHING RETURNING id`);
    return rows.length > 0;
  }

  /** Revokes the tokens of an account and purpose whose data say that they are meant. */
  async voidThose<Purpose extends TokenPurpose>(
    purpose: Purpose,
    accountId: string,
    isOne: (data: TokenData[Purpose]) => boolean,
    tx: Transaction,
  ): Promise<void> {
    const rows = await tx.query<{ id: string; data: string | null }>(sql`
      SELECT id, data FROM one_time_tokens WHERE account_id = ${accountId} AND purpose = ${purpose} FOR UPDATE`);
    const opened = rows.flatMap((row) => this.opened<Purpose, { id: string; data: string | null }>(purpose, row) ?? []);
    const ids = opened.filter(({ data }) => isOne(data)).map(({ id }) => id);
    if (ids.length > 0) await tx.query(sql`DELETE FROM one_time_tokens WHERE id = ANY(${ids}::uuid[])`);
  }

  /** Uses a token and revokes all others of its account. Returns false when it is no longer valid. */
  async spendAndVoidAll(accountId: string, purpose: TokenPurpose, hash: string, tx: Transaction): Promise<boolean> {
    const spent = await this.spend(purpose, hash, tx);
    if (spent?.accountId !== accountId) return false;
    await this.voidAll(accountId, tx);
    return true;
  }

  /** Forgets who issued tokens, once that account is gone. */
  async forgetIssuer(accountId: string, tx: Transaction): Promise<void> {
    await tx.query(sql`UPDATE one_time_tokens SET issued_by = NULL WHERE issued_by = ${accountId}::uuid`);
  }

  /** Revokes all tokens of an account, except those that take a change of its e-mail back. */
  async voidAll(accountId: string, tx: Transaction): Promise<void> {
    await tx.query(sql`DELETE FROM one_time_tokens WHERE account_id = ${accountId} AND NOT ${IS_LASTING}`);
  }

  /** Revokes all tokens of an account, the lasting ones too. */
  async voidEvery(accountId: string, tx: Transaction): Promise<void> {
    await tx.query(sql`DELETE FROM one_time_tokens WHERE account_id = ${accountId}`);
  }

  /** Revokes also the lasting ones among the tokens of an account that were issued after this one. */
  async voidAllSince({ id, accountId }: SpentToken<TokenPurpose>, tx: Transaction): Promise<void> {
    await tx.query(sql`
      DELETE FROM one_time_tokens WHERE account_id = ${accountId} AND (NOT ${IS_LASTING} OR id > ${id}::uuid)`);
  }

  /** A row with its data opened; undefined when no secret of the configuration opens it. */
  private opened<Purpose extends TokenPurpose, Row extends { readonly data: string | null }>(
    purpose: Purpose,
    row: Row,
  ): (Omit<Row, 'data'> & { readonly data: TokenData[Purpose] }) | undefined {
    const text = row.data === null ? 'null' : this.secrets.open(sealPurpose(purpose), row.data);
    // Only `issue` seals for this purpose, and it checked the type.
    return text === null ? undefined : { ...row, data: JSON.parse(text) as TokenData[Purpose] };
  }
}

/** Deletes tokens some time after they have expired; used and revoked tokens are deleted at once. */
@Injectable()
export class OneTimeTokenSweep implements OnModuleInit {
  constructor(private readonly sweeps: Sweeps) {}

  onModuleInit(): void {
    this.sweeps.register({
      table: 'one_time_tokens',
      key: 'id',
      expired: sql`expires_at < now() AND expires_at < now() - make_interval(secs => coalesce((${KEPT_SECONDS}::jsonb ->> purpose)::int, 0))`,
      by: 'expires_at',
      everySeconds: 3_600,
    });
  }
}
