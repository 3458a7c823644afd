import { Get, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentActor } from '../../auth/authentication/authentication.js';
import { clientAddress } from '../../auth/authentication/client-address.js';
import { Reauthentication } from '../../auth/authentication/fresh-sign-in.js';
import type { Actor } from '../../auth/authorization/actor.js';
import { RateLimiter } from '../../auth/rate-limit/rate-limiter.js';
import { BrowserSessions } from '../../sign-in/browser-sessions.service.js';
import { ReauthenticationService } from '../../sign-in/reauthentication.service.js';
import { fieldErrors, FormFields, NO_ERRORS, type FieldErrors } from '../fields.js';
import { Form, TakesForm, type SentForm } from '../form.js';
import { Page, Text, type PageResult } from '../page.decorators.js';
import { PagePaths } from '../page.paths.js';
import type { View } from '../page.renderer.js';
import { doneView, formView } from '../page.views.js';

/** The page to prove by password who one is, in front of pages that need a recent sign-in; then it leads there. */
@Page('account/confirm', { signedIn: true })
export class ConfirmPageController {
  constructor(
    private readonly reauthentication: ReauthenticationService,
    private readonly methods: Reauthentication,
    private readonly browsers: BrowserSessions,
    private readonly rateLimiter: RateLimiter,
    private readonly fields: FormFields,
    private readonly paths: PagePaths,
  ) {}

  @Get()
  async show(@CurrentActor() actor: Actor, @Query('return_to') sent: unknown, @Text() text: Text): Promise<PageResult> {
    const hasPassword = (await this.methods.methodsOf(actor)).includes('password');
    if (hasPassword) return this.view(text, actor, this.pageOf(sent), NO_ERRORS);
    // A new sign-in is as good, whatever it was made with.
    return doneView(text.account.signInAgain, { href: this.paths.to('sign-out'), label: text.signOut.submit });
  }

  @Post()
  @TakesForm()
  async confirm(
    @CurrentActor() actor: Actor,
    @Form() sent: SentForm,
    @Text() text: Text,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PageResult> {
    const page = this.pageOf(sent.text('return_to'));
    const address = clientAddress(request);
    await this.rateLimiter.address('reauthenticate', address);
    try {
      const signedIn = await this.reauthentication.byPassword(actor, sent.text('password'), address);
      this.browsers.setCookies(reply, signedIn);
    } catch (error) {
      return this.view(text, actor, page, fieldErrors(error, { invalid_credentials: 'password' }));
    }
    return { location: page };
  }

  private pageOf(sent: unknown): string {
    const page = typeof sent === 'string' ? this.paths.ownPage(sent) : null;
    return page ?? this.paths.to('account');
  }

  private view(text: Text, { email }: Actor, returnTo: string, errors: FieldErrors): View {
    const password = { name: 'password', label: text.password, type: 'password', first: true } as const;
    const fields = [
      this.fields.owner(text, errors, email),
      this.fields.field(text, errors, { ...password, autocomplete: 'current-password' }),
    ];
    const form = { action: this.paths.to('account/confirm'), hidden: { return_to: returnTo }, fields };
    return formView(text, text.account.confirm, errors, form);
  }
}
