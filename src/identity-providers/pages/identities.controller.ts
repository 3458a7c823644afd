import { Get, Param, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { CrossSite, CurrentActor } from '../../auth/authentication/authentication.js';
import { RequiresFreshSignIn } from '../../auth/authentication/fresh-sign-in.js';
import { type Actor, Requires } from '../../auth/authorization/actor.js';
import { IfMatch } from '../../json-api/write/write-document.js';
import { hasCode } from '../../pages/fields.js';
import { Form, type SentForm, TakesForm } from '../../pages/form.js';
import { Page, type PageResult, Text } from '../../pages/page.decorators.js';
import { PagePaths } from '../../pages/page.paths.js';
import { AccountIdentitiesService } from '../identities/account-identities.service.js';
import { LinkStarts } from '../identities/link-starts.service.js';
import { IDENTITIES_PAGE, IdentitiesSection } from './identities.section.js';
import { ssoText } from './sso.text.js';

/** The page of the account's identity providers: link and unlink them. */
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
      if (!hasCode(error, 'conflict')) throw error;
      return this.view.page(actor, text, null, ssoText(text).own.last);
    }
    return { location: this.paths.to(IDENTITIES_PAGE, { notice: 'unlinked' }) };
  }

  /**
   * Redirects to the provider. By GET, since browsers apply `form-action` to the redirects of forms, and the host of the
   * provider is not in it. Other sites are rejected: they could link an identity of theirs to the visitor's account.
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
