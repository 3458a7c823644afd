import { Get, Param, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { CrossSite, CurrentActor } from '../../auth/authentication/authentication.js';
import { RequiresFreshSignIn } from '../../auth/authentication/fresh-sign-in.js';
import { type Actor, Requires } from '../../auth/authorization/actor.js';
import { ApiError } from '../../json-api/document/errors.js';
import { IfMatch } from '../../json-api/write/write-document.js';
import { Form, type SentForm, TakesForm } from '../../pages/form.js';
import { Page, type PageResult, Text } from '../../pages/page.decorators.js';
import { PagePaths } from '../../pages/page.paths.js';
import { AccountIdentitiesService } from '../identities/account-identities.service.js';
import { LinkStarts } from '../identities/link-starts.service.js';
import { IDENTITIES_PAGE, IdentitiesSection } from './identities.section.js';
import { ssoText } from './sso.text.js';

/** The page of the own identity providers: link one, and unlink it. */
@Page(IDENTITIES_PAGE, { signedIn: true })
export class IdentitiesPageController {
  constructor(
    private readonly view: IdentitiesSection,
    private readonly identities: AccountIdentitiesService,
    private readonly links: LinkStarts,
    private readonly crossSite: CrossSite,
    private readonly paths: PagePaths,
  ) {}

  @Get()
  @RequiresFreshSignIn()
  @Requires('iam:account_identities', 'read')
  show(@CurrentActor() actor: Actor, @Query('notice') notice: unknown, @Text() text: Text): Promise<PageResult> {
    return this.view.page(actor, text, notice);
  }

  @Post()
  @RequiresFreshSignIn()
  @Requires('iam:account_identities', 'delete')
  @TakesForm()
  async unlink(@CurrentActor() actor: Actor, @Form() sent: SentForm, @Text() text: Text): Promise<PageResult> {
    try {
      await this.identities.delete(actor, sent.text('id'), IfMatch.parse(undefined));
    } catch (error) {
      if (!(error instanceof ApiError) || error.errors[0].code !== 'conflict') throw error;
      return this.view.page(actor, text, null, ssoText(text).own.last);
    }
    return { location: this.paths.to(IDENTITIES_PAGE, { notice: 'unlinked' }) };
  }

  /**
   * Goes to the provider. A link and no form, since browsers apply `form-action` to redirects, and where the provider is
   * is not known yet. Another site cannot use it: it may have signed the visitor in to an account of its own there.
   */
  @Get(':slug')
  @RequiresFreshSignIn()
  @Requires('iam:account_identities', 'read')
  async link(
    @CurrentActor() actor: Actor,
    @Param('slug') slug: string,
    @Req() request: FastifyRequest,
  ): Promise<PageResult> {
    this.crossSite.checkSameSite(request);
    const returnTo = this.paths.to(IDENTITIES_PAGE, { notice: 'linked' });
    const { searchParams } = await this.links.start(actor, slug, { returnTo, challenge: null });
    return { location: this.paths.toAuth(`sso/${slug}`, Object.fromEntries(searchParams)) };
  }
}
