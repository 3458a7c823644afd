import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { hashToken } from '../auth/tokens/secrets.js';
import { Config } from '../config/config.js';
import { baseUrl } from '../config/own-url.js';
import { type RelyingParty, relyingParty } from '../config/relying-party.js';
import { apiError } from '../json-api/document/errors.js';
import { type Transaction, Transactions } from '../json-api/sql/sql.js';
import { OneTimeTokensRepository } from '../one-time-tokens/one-time-tokens.repository.js';
import { TOKEN_PURPOSES } from '../one-time-tokens/token-purposes.js';
import { AccountPasskeysRepository } from './account-passkeys.repository.js';

/** The purpose of a challenge: the last part of the name of its one-time token. */
export type ChallengePurpose = 'registration' | 'sign_in' | 'mfa' | 'reauthenticate';

/** In bytes (WebAuthn, 13.4.3: at least 16). */
const CHALLENGE_BYTES = 32;

/** A challenge that was made. */
export interface Challenge {
  /** The one-time token that the client sends back with the response. */
  readonly transaction: string;
  /** Base64url. */
  readonly challenge: string;
  /** How long it is valid, in ms. */
  readonly timeout: number;
}

/** The options of a ceremony, and the transaction that the client sends back with its response. */
export interface Ceremony<Options> {
  readonly transaction: string;
  readonly options: Options;
}

/** A challenge that was used. */
export interface SpentChallenge {
  readonly challenge: string;
  /** The account that it was made for; null where the account was not known. */
  readonly accountId: string | null;
}

/** The challenges that authenticators sign. Each is deleted before its response is verified, so it is used once. */
@Injectable()
export class PasskeyChallenges {
  constructor(
    @Inject(Config)
    private readonly config: Pick<Config, 'appUrl' | 'host' | 'port' | 'publicPath' | 'corsOrigins' | 'webauthnRpId'>,
    private readonly http: HttpAdapterHost,
    private readonly transactions: Transactions,
    private readonly tokens: OneTimeTokensRepository,
    private readonly passkeys: AccountPasskeysRepository,
  ) {}

  /** Whether the configuration has a domain that passkeys can be bound to, which does not depend on the port. */
  get areOn(): boolean {
    return 'id' in this.#configured;
  }

  /** The relying party. @throws ApiError 404 where they are off */
  get party(): RelyingParty {
    const party = this.#configured;
    if ('id' in party) return party;
    throw apiError('not_found', 'This service has no passkeys: its address does not allow for them');
  }

  get #configured() {
    return relyingParty(this.config, baseUrl(this.config, this.http));
  }

  /**
   * Makes a challenge.
   * @param accountId null where the account is not known yet
   * @throws ApiError 401 when the account is gone or disabled
   */
  issue(purpose: ChallengePurpose, accountId: string | null): Promise<Challenge> {
    return this.transactions.run((tx) => this.#issueIn(tx, purpose, accountId));
  }

  async #issueIn(tx: Transaction, purpose: ChallengePurpose, accountId: string | null): Promise<Challenge> {
    if (accountId !== null && !(await this.passkeys.lockOwner(accountId, tx))) {
      throw apiError('unauthenticated', 'The account no longer exists or is disabled');
    }
    const challenge = randomBytes(CHALLENGE_BYTES).toString('base64url');
    const token = { purpose: `passkey_${purpose}`, data: { challenge }, accountId } as const;
    const transaction = await this.tokens.issue(token, tx);
    if (transaction === null) throw new Error('A challenge replaces the oldest one, so there is always room');
    return { transaction, challenge, timeout: TOKEN_PURPOSES[token.purpose].seconds * 1_000 };
  }

  /**
   * Uses a challenge; null when it was used before, has expired, or was made for another purpose. Committed immediately, so
   * that it cannot be used again.
   */
  async spend(purpose: ChallengePurpose, transaction: string): Promise<SpentChallenge | null> {
    const spent = await this.tokens.spend(`passkey_${purpose}`, hashToken(transaction), this.transactions);
    return spent && { challenge: spent.data.challenge, accountId: spent.accountId };
  }
}
