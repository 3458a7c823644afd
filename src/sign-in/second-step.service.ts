import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CHALLENGE } from '../auth/authentication/authentication.js';
import { SecondFactors, type SentFactor } from '../auth/authentication/second-factors.repository.js';
import { DeviceTrust } from '../auth/sessions/device-trust.js';
import { hashToken } from '../auth/tokens/secrets.js';
import { ApiError, apiError } from '../json-api/document/errors.js';
import type { Transaction } from '../json-api/sql/sql.js';
import { type FoundToken, OneTimeTokensRepository } from '../one-time-tokens/one-time-tokens.repository.js';
import { SignInRequirements } from './session-starts.service.js';
import type { SignInCandidate, SignInProof } from './sign-in-requirement.js';

/** The second step of a sign-in, where the account has a second factor. Nothing of a session exists before it. */
@Injectable()
export class SecondStep implements OnModuleInit {
  constructor(
    private readonly requirements: SignInRequirements,
    private readonly factors: SecondFactors,
    private readonly tokens: OneTimeTokensRepository,
    private readonly devices: DeviceTrust,
  ) {}

  onModuleInit(): void {
    this.requirements.register({
      concerns: ({ id }) => this.factors.isDemandedOf(id),
      unmet: (tx, candidate) => this.unmet(tx, candidate),
    });
    this.factors.onRegister(() => this.requirements.renew());
  }

  /** The account that a token of the first step is for. @throws ApiError 404, 422 */
  async account(token: string): Promise<FoundToken<'mfa'>> {
    const found = await this.tokens.find('mfa', hashToken(token));
    if (!found) throw noToken();
    if (found.expired) throw apiError('expired_token', 'The sign-in has expired: sign in again', AT_TOKEN);
    return found;
  }

  /**
   * For how many days the device of a sign-in can be trusted; 0 where trusted devices are switched off, or the first step
   * was no password, of which alone they take the second step.
   */
  async trustDays(token: string): Promise<number> {
    const { days } = this.devices;
    if (days === 0) return 0;
    const found = await this.tokens.find('mfa', hashToken(token));
    return found?.data.passwordVersion === undefined ? 0 : days;
  }

  /**
   * Proves a second factor. The token of the first step is used up with the start of the session, and only then: after a
   * wrong code it stays good for as long as it lives.
   * @param address the client's
   * @throws ApiError 401 `invalid_credentials`; 404 or 422 for the token; 429
   */
  async prove(token: string, { factor, sent }: SentFactor, address: string): Promise<SignInProof> {
    const { accountId, data } = await this.account(token);
    const proved = await factor.verify({ purpose: 'mfa', accountId, address }, sent);
    return {
      accountId,
      amr: [...data.amr, ...proved.amr, 'mfa'],
      ...(data.passwordVersion !== undefined && { password: { version: data.passwordVersion, rehashed: null } }),
      ...(data.provider !== undefined && { provider: data.provider }),
      ...(data.identity !== undefined && { identity: data.identity }),
      spend: async (tx) => {
        if (!(await this.tokens.spend('mfa', hashToken(token), tx))) throw noToken();
        await proved.spend(tx);
      },
    };
  }

  /** Asks for a second factor, unless the password was given on a trusted device, with a token that stands for what was proved. */
  private async unmet(tx: Transaction, { account: { id }, proof, client }: SignInCandidate): Promise<ApiError | null> {
    if (proof.amr.includes('mfa')) return null;
    const { amr, password, provider, identity } = proof;
    if (password && (await this.devices.use(tx, id, client))) return null;
    const data = {
      amr,
      ...(password && { passwordVersion: password.version }),
      ...(provider && { provider }),
      ...(identity && { identity }),
    };
    const token = await this.tokens.issue({ purpose: 'mfa', accountId: id, data }, tx);
    const detail = 'Prove a second factor with POST /auth/mfa';
    const factors = await this.factors.ofAccount(id, tx);
    const meta = { mfa_token: token, factors: factors.map(({ name }) => name) };
    return new ApiError([{ code: 'mfa_required', detail, meta }], CHALLENGE);
  }
}

const AT_TOKEN = { pointer: '/mfa_token' };
const noToken = (): ApiError =>
  apiError('invalid_token', 'Sign in again: this token does not exist, or was used', AT_TOKEN);
