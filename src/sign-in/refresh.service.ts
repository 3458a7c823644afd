import { Injectable } from '@nestjs/common';
import { CHALLENGE } from '../auth/authentication/authentication.js';
import { SessionRestrictions } from '../auth/sessions/session-restrictions.js';
import { SessionStore } from '../auth/sessions/session.store.js';
import { RefreshTokens } from '../auth/tokens/secrets.js';
import { Audit } from '../events/audit.js';
import { apiError } from '../json-api/document/errors.js';
import { Transactions } from '../json-api/sql/sql.js';
import { onSession, SessionTokens, type SignedIn } from './session-starts.service.js';

/** Continues sessions by their refresh tokens. */
@Injectable()
export class RefreshService {
  constructor(
    private readonly transactions: Transactions,
    private readonly sessions: SessionStore,
    private readonly tokens: SessionTokens,
    private readonly refreshTokens: RefreshTokens,
    private readonly restrictions: SessionRestrictions,
    private readonly audit: Audit,
  ) {}

  /**
   * Exchanges a refresh token for a new pair.
   * @throws ApiError 401 `invalid_refresh_token`; reusing one ends its session; that of the restriction that stops it
   */
  async refresh(token: string | undefined): Promise<SignedIn> {
    if (token === undefined) throw noRefreshToken();
    const parsed = this.refreshTokens.parse(token);
    if (!parsed) throw badRefreshToken();
    const rotated = await this.sessions.rotate(this.transactions, parsed);
    if (rotated) return this.tokens.issue(rotated);
    const verdict = await this.transactions.run(async (tx) => {
      const checked = await this.sessions.checkReuse(tx, parsed);
      if (checked.outcome === 'reused') {
        // The client is not known to be the account's owner, so there is no actor; `details` names the account.
        const record = { ...onSession(checked), actorId: null, details: { account_id: checked.accountId } };
        await this.audit.record(tx, { ...record, action: 'iam:account_auths.refresh_reused' });
      }
      return checked;
    });
    if (verdict.outcome === 'stopped') await this.restrictions.checkEmail(verdict.emailKey);
    if (verdict.outcome !== 'repeated') throw badRefreshToken();
    return this.tokens.issue(verdict);
  }
}

const noRefreshToken = () =>
  apiError('invalid_refresh_token', 'A refresh token is required, in the body or as a cookie', undefined, CHALLENGE);
const badRefreshToken = () =>
  apiError('invalid_refresh_token', 'The refresh token is no longer valid; sign in again', undefined, CHALLENGE);
