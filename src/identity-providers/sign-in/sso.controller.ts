import { Get, Logger, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { clientAddress } from '../../auth/authentication/client-address.js';
import type { Actor } from '../../auth/authorization/actor.js';
import { RateLimiter } from '../../auth/rate-limit/rate-limiter.js';
import { ReturnUrls } from '../../auth/return-urls.js';
import { Cookies } from '../../auth/tokens/cookies.js';
import { hashToken } from '../../auth/tokens/secrets.js';
import { ApiError, apiError } from '../../json-api/document/errors.js';
import { Transactions } from '../../json-api/sql/sql.js';
import { OneTimeTokensRepository } from '../../one-time-tokens/one-time-tokens.repository.js';
import type { AuthorizationIntent } from '../../one-time-tokens/token-purposes.js';
import { NO_ERRORS } from '../../pages/fields.js';
import { Page, type PageResult, Text } from '../../pages/page.decorators.js';
import { PagePaths } from '../../pages/page.paths.js';
import { SignInWays } from '../../pages/sign-in/sign-in.ways.js';
import { BrowserSessions } from '../../sign-in/sign-in.service.js';
import { ReauthenticationService } from '../../sign-in/reauthentication.service.js';
import { ProviderSettingsRepository } from '../discovery/provider-settings.repository.js';
import type { ProviderSettings } from '../discovery/provider-settings.js';
import { type CallbackResult, methodsOf, ProviderSignIns } from './provider-sign-in.service.js';
import { AuthorizationRequests } from './authorization-requests.service.js';
import { SsoError, type SsoErrorName } from './sso-error.js';

/** The cookie that binds a `state` to a browser, and its lifetime in seconds: that of the token in a mail that links. */
export const BROWSER_COOKIE = 'sso';
const BROWSER_SECONDS = 3_600;
const BROWSER = /^[\w-]{43}$/;
const CHALLENGE_FORM = /^[\w-]{43}$/;

type Sent = Readonly<Record<string, unknown>>;

/** The cookie of a browser that has started to sign in with a provider; undefined in another. */
export function browserOf({ cookies }: Pick<FastifyRequest, 'cookies'>): string | undefined {
  const value = cookies[BROWSER_COOKIE];
  return value !== undefined && BROWSER.test(value) ? value : undefined;
}

/** The start and the callback of a sign-in with an identity provider. Errors are in the redirect to `return_to`, or pages. */
@Page('auth/sso', { prefixed: true })
export class SsoController {
  private readonly logger = new Logger(SsoController.name);

  constructor(
    private readonly settings: ProviderSettingsRepository,
    private readonly requests: AuthorizationRequests,
    private readonly signIns: ProviderSignIns,
    private readonly browsers: BrowserSessions,
    private readonly reauthentication: ReauthenticationService,
    private readonly tokens: OneTimeTokensRepository,
    private readonly transactions: Transactions,
    private readonly rateLimiter: RateLimiter,
    private readonly returnUrls: ReturnUrls,
    private readonly paths: PagePaths,
    private readonly cookies: Cookies,
    private readonly ways: SignInWays,
  ) {}

  @Get(':slug')
  async start(
    @Param('slug') slug: string,
    @Query() sent: Sent,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PageResult> {
    await this.rateLimiter.address('sso_start', clientAddress(request));
    const provider = await this.settings.bySlug(slug);
    if (!provider) throw apiError('not_found', 'There is no such identity provider');
    const { returnTo, challenge } = this.destination(sent);
    const intent = await this.intentOf(sent, provider);
    const browser = browserOf(request) ?? this.requests.newBrowser();
    this.cookies.put(reply, BROWSER_COOKIE, browser, this.cookies.authPath, BROWSER_SECONDS);
    try {
      const url = await this.requests.urlFor({ provider, intent, returnTo, challenge, browser });
      return { location: url.href };
    } catch (error) {
      return this.leaveWith(error, provider, returnTo, challenge);
    }
  }

  @Get(':slug/callback')
  async callback(
    @Param('slug') slug: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Text() text: Text,
  ): Promise<PageResult> {
    await this.rateLimiter.address('sso_callback', clientAddress(request));
    const url = new URL(this.requests.callbackUrl(slug));
    url.search = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '';
    const response = { slug, url, browser: browserOf(request) };
    const found = await this.signIns.useState(response);
    if (!found) {
      await this.signIns.failed(new SsoError('invalid_state'), slug);
      return this.problem('invalid_state', null);
    }
    const { state, provider } = found;
    try {
      const result = await this.signIns.verify(response, provider, state);
      if (state.challenge === null) return await this.enter(result, request, reply, text);
      const code = await this.signIns.codeFor(result, state.challenge);
      return { location: withParameter(state.returnTo, 'code', code) };
    } catch (error) {
      return this.leaveWith(error, provider, state.returnTo, state.challenge);
    }
  }

  /** Signs in, links or reauthenticates in the browser itself, for a page of this service. */
  private async enter(
    result: CallbackResult,
    request: FastifyRequest,
    reply: FastifyReply,
    text: Text,
  ): Promise<PageResult> {
    const { provider, identity, accountId } = result;
    const { returnTo, intent } = result.state;
    if (intent.kind === 'sign_in') {
      if (accountId === null) throw new SsoError('not_invited');
      try {
        const proof = this.signIns.proofOf(accountId, provider, identity);
        this.browsers.setCookies(reply, await this.browsers.start(request, reply, proof));
      } catch (error) {
        const state = { email: identity.email ?? '', returnTo, errors: NO_ERRORS };
        const next = error instanceof ApiError ? await this.ways.after(error, state, text) : null;
        if (next) return next;
        throw error;
      }
      return { location: returnTo };
    }
    const actor = await this.browsers.actorOf(request);
    if (intent.kind === 'link') await this.link(result, actor, intent.accountId);
    else await this.reauthenticate(result, actor, reply);
    return { location: returnTo };
  }

  /** An identity is linked only in a session of the account that asked for it: the URL may have been sent by another one. */
  private async link({ provider, identity }: CallbackResult, actor: Actor | null, accountId: string): Promise<void> {
    if (actor?.id !== accountId) throw new SsoError('identity_taken', accountId);
    await this.signIns.link(actor, provider, identity);
  }

  private async reauthenticate(result: CallbackResult, actor: Actor | null, reply: FastifyReply): Promise<void> {
    const { accountId, identity } = result;
    if (actor === null || actor.id !== accountId || !(await this.signIns.provesAlone(actor.id, identity))) {
      throw new SsoError('reauthentication_failed', accountId);
    }
    this.browsers.setCookies(reply, await this.reauthentication.by(actor, { amr: methodsOf(identity) }));
  }

  /** @throws ApiError 400 */
  private destination({ return_to: sent, code_challenge: challenge }: Sent): {
    returnTo: string;
    challenge: string | null;
  } {
    const returnTo = sent === undefined ? this.paths.to('account') : sent;
    if (typeof returnTo !== 'string') throw invalid('return_to', 'return_to must be one address');
    const own = this.paths.ownPage(returnTo);
    if (own !== null) return { returnTo: own, challenge: null };
    const url = this.returnUrls.resolve(returnTo);
    if (!url) throw invalid('return_to', 'return_to must be at APP_URL, or one of RETURN_URLS');
    if (typeof challenge !== 'string' || !CHALLENGE_FORM.test(challenge)) {
      throw invalid(
        'code_challenge',
        'code_challenge must be a PKCE challenge by S256, since return_to is not a page of this service',
      );
    }
    return { returnTo: url.href, challenge };
  }

  private async intentOf(
    { link, reauthenticate = 'false' }: Sent,
    { id }: ProviderSettings,
  ): Promise<AuthorizationIntent> {
    if (reauthenticate === 'true') return { kind: 'reauthenticate' };
    if (reauthenticate !== 'false') throw invalid('reauthenticate', 'reauthenticate must be true or false');
    if (link === undefined) return { kind: 'sign_in' };
    const spent =
      typeof link === 'string' ? await this.tokens.spend('sso_link', hashToken(link), this.transactions) : null;
    if (!spent?.accountId || spent.data.providerId !== id)
      throw invalid('link', 'This link was used already, or is not valid');
    return { kind: 'link', accountId: spent.accountId };
  }

  /** Records the error, and redirects with its name. @throws what is not an SsoError */
  private async leaveWith(
    error: unknown,
    { slug }: ProviderSettings,
    returnTo: string,
    challenge: string | null,
  ): Promise<PageResult> {
    if (!(error instanceof SsoError)) throw error;
    if (error.cause) this.logger.warn(`Signing in with ${slug} failed (${error.reason}): ${String(error.cause)}`);
    await this.signIns.failed(error, slug);
    if (challenge === null) return this.problem(error.reason, returnTo);
    return { location: withParameter(returnTo, 'error', error.reason) };
  }

  private problem(error: SsoErrorName, returnTo: string | null): PageResult {
    return { location: this.paths.to('sign-in/provider', { error, return_to: returnTo }) };
  }
}

const invalid = (parameter: string, detail: string) => apiError('invalid_parameter', detail, { parameter });

function withParameter(url: string, name: string, value: string): string {
  const changed = new URL(url);
  changed.searchParams.set(name, value);
  return changed.href;
}
