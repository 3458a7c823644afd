import { Get, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { clientAddress } from '../../auth/authentication/client-address.js';
import { RateLimiter } from '../../auth/rate-limit/rate-limiter.js';
import { FormFields, NO_ERRORS } from '../../pages/fields.js';
import { Form, type SentForm, TakesForm } from '../../pages/form.js';
import { Page, type PageResult, Text } from '../../pages/page.decorators.js';
import { PagePaths } from '../../pages/page.paths.js';
import type { View } from '../../pages/page.renderer.js';
import { doneView, formView } from '../../pages/page.views.js';
import type { PageLink } from '../../pages/page.data.js';
import type { Problem } from '../../pages/text/page.text.js';
import { IdentityLinks } from '../identities/identity-links.service.js';
import { browserOf } from '../sign-in/sso.controller.js';
import { SSO_ERRORS } from '../sign-in/sso-error.js';
import { ssoText } from './sso.text.js';

const problemView = ({ title, body }: Problem, link: PageLink | null, status: number): View<'problem'> => ({
  template: 'problem',
  title,
  data: { heading: title, body, link },
  status,
});

/** The page of an error of a sign-in with an identity provider, and that of the link in the mail that links an identity. */
@Page('sign-in/provider')
export class SsoProblemPageController {
  constructor(private readonly paths: PagePaths) {}

  @Get()
  show(@Query('error') error: unknown, @Query('return_to') returnTo: unknown, @Text() text: Text): PageResult {
    const name = SSO_ERRORS.find((known) => known === error) ?? 'invalid_state';
    const { errors, tryAgain } = ssoText(text);
    const own = typeof returnTo === 'string' ? this.paths.ownPage(returnTo) : null;
    const link = { href: this.paths.to('sign-in', { return_to: own }), label: tryAgain };
    return problemView(errors[name], link, name === 'confirmation_sent' ? 200 : 403);
  }
}

/** The page of the link in the mail that asks whether an identity is the owner's. Opening it does not use the token. */
@Page('confirm-identity')
export class ConfirmIdentityPageController {
  constructor(
    private readonly links: IdentityLinks,
    private readonly rateLimiter: RateLimiter,
    private readonly paths: PagePaths,
    private readonly fields: FormFields,
  ) {}

  @Get()
  async show(@Query('token') sent: unknown, @Text() text: Text, @Req() request: FastifyRequest): Promise<PageResult> {
    const token = String(sent ?? '');
    await this.rateLimiter.address('token_valid', clientAddress(request));
    const { email } = await this.links.proofOf(token);
    const fields = email === null ? [] : [this.fields.owner(text, NO_ERRORS, email)];
    // Browsers send the cookie to paths under /auth only.
    const form = { action: this.paths.toAuth('confirm-identity'), hidden: { token }, fields };
    return formView(text, ssoText(text).confirm, NO_ERRORS, form);
  }

  @Get('done')
  done(@Query('provider') slug: unknown, @Text() text: Text): PageResult {
    const { confirm, tryAgain } = ssoText(text);
    const isSlug = typeof slug === 'string' && /^[a-z0-9-]{1,60}$/.test(slug);
    const href = isSlug ? this.paths.toAuth(`sso/${slug}`) : this.paths.to('sign-in');
    return doneView(confirm, { href, label: tryAgain });
  }
}

/** Takes the form of that page. */
@Page('auth/confirm-identity', { prefixed: true })
export class ConfirmIdentityController {
  constructor(
    private readonly links: IdentityLinks,
    private readonly rateLimiter: RateLimiter,
    private readonly paths: PagePaths,
  ) {}

  @Post()
  @TakesForm()
  async confirm(@Form() sent: SentForm, @Text() text: Text, @Req() request: FastifyRequest): Promise<PageResult> {
    await this.rateLimiter.address('identity_link', clientAddress(request));
    const linked = await this.links.confirm(sent.text('token'), browserOf(request));
    if (linked === null) return problemView(ssoText(text).otherBrowser, null, 403);
    return { location: this.paths.to('confirm-identity/done', { provider: linked.slug }) };
  }
}
