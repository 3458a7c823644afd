import { createHash, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { CHALLENGE } from '../../auth/authentication/authentication.js';
import type { Actor } from '../../auth/authorization/actor.js';
import { SecondFactors } from '../../auth/authentication/second-factors.repository.js';
import type { AuthenticationMethod } from '../../auth/sessions/session.js';
import { hashToken } from '../../auth/tokens/secrets.js';
import { AccountDirectoryRepository } from '../../accounts/account-directory.repository.js';
import { Audit } from '../../events/audit.js';
import { apiError } from '../../json-api/document/errors.js';
import { Transactions } from '../../json-api/sql/sql.js';
import { OneTimeTokensRepository } from '../../one-time-tokens/one-time-tokens.repository.js';
import type { TokenData, UpstreamIdentity } from '../../one-time-tokens/token-purposes.js';
import { signInFailed } from '../../sign-in/session-starts.service.js';
import type { SignInProof } from '../../sign-in/sign-in-requirement.js';
import { ProviderSettingsRepository } from '../discovery/provider-settings.repository.js';
import type { ProviderSettings } from '../discovery/provider-settings.js';
import { IdentitiesRepository } from '../identities/identities.repository.js';
import { IdentityLinks } from '../identities/identity-links.service.js';
import { IdentityResolver } from '../identities/identity-resolver.service.js';
import { ProviderClaimsService } from './provider-claims.service.js';
import { SsoError } from './sso-error.js';

/** An authorization response, as a browser sent it to the callback. */
export interface ProviderResponse {
  readonly slug: string;
  /** URL of the callback, with its query unchanged. */
  readonly url: URL;
  /** Value of the browser's cookie. */
  readonly browser: string | undefined;
}

type State = TokenData['sso_state'];

/** A valid response of a provider. */
export interface CallbackResult {
  readonly provider: ProviderSettings;
  readonly state: State;
  readonly identity: UpstreamIdentity;
  /** The account that the identity signs in to; null where the identity is to be linked. */
  readonly accountId: string | null;
}

/** Handles the responses of identity providers. */
@Injectable()
export class ProviderSignIns {
  constructor(
    private readonly settings: ProviderSettingsRepository,
    private readonly claims: ProviderClaimsService,
    private readonly resolver: IdentityResolver,
    private readonly links: IdentityLinks,
    private readonly identities: IdentitiesRepository,
    private readonly directory: AccountDirectoryRepository,
    private readonly factors: SecondFactors,
    private readonly tokens: OneTimeTokensRepository,
    private readonly transactions: Transactions,
    private readonly audit: Audit,
  ) {}

  /** What the `state` of a response stands for; it is used up. Null where it is not one of this browser and provider. */
  async useState({
    slug,
    url,
    browser,
  }: ProviderResponse): Promise<{ state: State; provider: ProviderSettings } | null> {
    const hash = hashToken(url.searchParams.get('state') ?? '');
    const spent = browser === undefined ? null : await this.tokens.spend('sso_state', hash, this.transactions, browser);
    const provider = spent && (await this.settings.byId(spent.data.providerId));
    return spent && provider?.slug === slug ? { state: spent.data, provider } : null;
  }

  /**
   * Checks a response, and finds its account.
   * @throws SsoError
   */
  async verify(
    { url, browser = '' }: ProviderResponse,
    provider: ProviderSettings,
    state: State,
  ): Promise<CallbackResult> {
    const claims = await this.claims.claims(provider, url, url.searchParams.get('state') ?? '', state);
    const { issuer, subject, email, sid, idToken, amr } = claims;
    const identity = { issuer, subject, email, sid, idToken, amr };
    const { kind } = state.intent;
    if (kind === 'sign_in') {
      return { provider, state, identity, accountId: await this.resolver.resolve(provider, claims, browser) };
    }
    const known = await this.identities.find(provider.id, identity, this.transactions);
    if (kind === 'link') {
      if (known && known.accountId !== state.intent.accountId)
        throw new SsoError('identity_taken', state.intent.accountId);
      return { provider, state, identity, accountId: null };
    }
    if (!known) throw new SsoError('reauthentication_failed');
    return { provider, state, identity, accountId: await this.resolver.accountOf(provider, known) };
  }

  /** A code that the client exchanges for the session. @param challenge the client's, of PKCE */
  async codeFor({ provider, state, identity, accountId }: CallbackResult, challenge: string): Promise<string> {
    const { id: providerId, slug } = provider;
    const { intent } = state;
    const owner = intent.kind === 'link' ? intent.accountId : accountId;
    const data = { challenge, providerId, slug, intent, identity };
    return this.transactions.run(async (tx) => {
      if (owner === null || (await this.directory.lock({ id: owner }, tx)) === null) throw new SsoError('not_invited');
      const code = await this.tokens.issue({ purpose: 'sso_code', data, accountId: owner }, tx);
      if (code === null) throw new SsoError('invalid_state');
      return code;
    });
  }

  /**
   * What a code was issued for. The code is used up, by a wrong verifier too.
   * @throws ApiError 401 `invalid_credentials`
   */
  async redeem(code: string, verifier: string): Promise<{ accountId: string; data: TokenData['sso_code'] }> {
    const spent = await this.tokens.spend('sso_code', hashToken(code), this.transactions);
    if (spent?.accountId && matches(verifier, spent.data.challenge)) {
      return { accountId: spent.accountId, data: spent.data };
    }
    await this.failed(new SsoError('invalid_state', spent?.accountId ?? null), spent?.data.slug ?? null);
    throw apiError(
      'invalid_credentials',
      'The code is not valid, was used, or does not fit the verifier',
      undefined,
      CHALLENGE,
    );
  }

  /** How an account proved who it is, for the session that starts by it. */
  proofOf(accountId: string, provider: Pick<ProviderSettings, 'id' | 'slug'>, identity: UpstreamIdentity): SignInProof {
    return {
      accountId,
      amr: methodsOf(identity),
      provider: provider.slug,
      identity: { ...identity, providerId: provider.id },
    };
  }

  /** Links an identity to the account of a fresh session. @throws SsoError `identity_taken` */
  async link(actor: Actor, provider: Pick<ProviderSettings, 'id' | 'slug'>, identity: UpstreamIdentity): Promise<void> {
    await this.transactions.run(async (tx) => {
      await this.directory.lock({ id: actor.id }, tx);
      if (await this.links.link(actor.id, provider, identity, 'session', tx)) return;
      const known = await this.identities.find(provider.id, identity, tx);
      // It signs in to every account that its owner has linked it to, whatever linked it before.
      if (known?.accountId !== actor.id) throw new SsoError('identity_taken', actor.id);
      await this.identities.confirmLink(known.id, tx);
    });
  }

  /** Whether an identity reauthenticates an account by itself: this flow cannot ask for a second factor. */
  async provesAlone(accountId: string, { amr }: UpstreamIdentity): Promise<boolean> {
    return amr.includes('mfa') || !(await this.factors.isDemanded(accountId, this.transactions));
  }

  /** Records a sign-in that failed. */
  async failed({ reason, accountId }: SsoError, slug: string | null): Promise<void> {
    const event = signInFailed(accountId, reason);
    await this.transactions.run((tx) =>
      this.audit.record(tx, { ...event, details: { ...event.details, ...(slug !== null && { provider: slug }) } }),
    );
  }
}

/** The `amr` that a session gets by an identity (RFC 8176). */
export const methodsOf = ({ amr }: UpstreamIdentity): AuthenticationMethod[] =>
  amr.includes('mfa') ? ['fed', 'mfa'] : ['fed'];

/** Whether a verifier is that of a challenge (RFC 7636, 4.6, S256). */
function matches(verifier: string, challenge: string): boolean {
  const made = createHash('sha256').update(verifier).digest();
  const known = Buffer.from(challenge, 'base64url');
  return made.length === known.length && timingSafeEqual(made, known);
}
