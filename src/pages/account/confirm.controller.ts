import { Get, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentActor } from '../../auth/authentication/authentication.js';
import { clientAddress } from '../../auth/authentication/client-address.js';
import { SecondFactors } from '../../auth/authentication/second-factors.repository.js';
import { OpenWithoutFactor, Reauthentication } from '../../auth/authentication/fresh-sign-in.js';
import type { Actor } from '../../auth/authorization/actor.js';
import { RateLimiter } from '../../auth/rate-limit/rate-limiter.js';
import { ApiError } from '../../json-api/document/errors.js';
import { readFlatBody } from '../../json-api/write/body.js';
import { BrowserSessions } from '../../sign-in/sign-in.service.js';
import { ReauthenticationService } from '../../sign-in/reauthentication.service.js';
import { ReauthenticateBody } from '../../sign-in/sign-in.dto.js';
import { fieldErrors, FormFields, NO_ERRORS } from '../fields.js';
import { Form, TakesForm, type SentForm } from '../form.js';
import { Page, Text, type PageResult } from '../page.decorators.js';
import type { FormData, PageData } from '../page.data.js';
import { PagePaths } from '../page.paths.js';
import type { View } from '../page.renderer.js';
import { asksApi, doneView, formView, titleOf } from '../page.views.js';
import { type ConfirmationState, SignInWays } from '../sign-in/sign-in.ways.js';

/** The page to prove by password, and by a second factor, who one is, in front of pages that need a recent sign-in; then it leads there. */
@OpenWithoutFactor()
@Page('account/confirm', { signedIn: true })
export class ConfirmPageController {
  constructor(
    private readonly reauthentication: ReauthenticationService,
    private readonly methods: Reauthentication,
    private readonly factors: SecondFactors,
    private readonly browsers: BrowserSessions,
    private readonly rateLimiter: RateLimiter,
    private readonly fields: FormFields,
    private readonly ways: SignInWays,
    private readonly paths: PagePaths,
  ) {}

  @Get()
  async show(@CurrentActor() actor: Actor, @Query('return_to') sent: unknown, @Text() text: Text): Promise<PageResult> {
    const methods = await this.methods.methodsOf(actor);
    return this.view(text, actor, { returnTo: this.pageOf(sent), methods, errors: NO_ERRORS });
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
      const passkey = sent.passkey();
      const entered = { password: sent.text('password'), ...sent.present('code', 'recovery_code') };
      const members = passkey.passkey === undefined ? entered : passkey;
      const { password = null, ...others } = readFlatBody(ReauthenticateBody, members);
      const proof = { password, factor: this.factors.sentIn(others) };
      this.browsers.setCookies(reply, await this.reauthentication.prove(actor, proof, address));
    } catch (error) {
      const at = sent.passkey().passkey === undefined ? fieldOf(error) : 'passkey';
      const errors = fieldErrors(error, { invalid_credentials: at });
      return this.view(text, actor, { returnTo: page, methods: await this.methods.methodsOf(actor), errors });
    }
    return { location: page };
  }

  private pageOf(sent: unknown): string {
    const page = typeof sent === 'string' ? this.paths.ownPage(sent) : null;
    return page ?? this.paths.to('account');
  }

  private async view(text: Text, actor: Actor, state: ConfirmationState): Promise<View> {
    const others = this.ways.confirmationsOf(state, text);
    const buttons = await this.ways.confirmationLinksOf(actor, state.returnTo, text);
    const hasPassword = state.methods.includes('password');
    if (hasPassword && buttons.length === 0) {
      return formView(text, text.account.confirm, state.errors, { ...this.passwordForm(text, actor, state), others });
    }
    const forms = [...(hasPassword ? [this.passwordForm(text, actor, state)] : []), ...others];
    if (forms.length > 0 || buttons.length > 0) return this.waysView(text, state, buttons, forms);
    // A new sign-in is as good, whatever it was made with.
    return doneView(text.account.signInAgain, { href: this.paths.to('sign-out'), label: text.signOut.submit });
  }

  private waysView(
    text: Text,
    { errors }: ConfirmationState,
    buttons: PageData['sign-in']['buttons'],
    forms: PageData['sign-in']['forms'],
  ): View<'sign-in'> {
    const { title: heading } = text.account.confirm;
    const status = errors.size > 0 ? 422 : 200;
    return {
      template: 'sign-in',
      title: titleOf(text, heading, errors),
      data: { heading, body: null, buttons, forms, links: [] },
      status,
      asksApi: asksApi(forms),
    };
  }

  private passwordForm(text: Text, { email }: Actor, { returnTo, methods, errors }: ConfirmationState): FormData {
    const password = { name: 'password', label: text.password, type: 'password', first: true } as const;
    const canRecover = methods.includes('recovery_code');
    const fields = [
      this.fields.owner(text, errors, email),
      this.fields.field(text, errors, { ...password, autocomplete: 'current-password' }),
      ...(methods.includes('totp') ? [this.fields.code(text, errors, { optional: canRecover })] : []),
      ...(canRecover ? [this.fields.recoveryCode(text, errors, { optional: true })] : []),
    ];
    const { submit } = text.account.confirm;
    const hidden = { return_to: returnTo };
    return { action: this.paths.to('account/confirm'), submit, hidden, fields, passkey: null };
  }
}

/** The field that a wrong secret belongs to. */
function fieldOf(error: unknown): string {
  const source = error instanceof ApiError ? error.errors[0].source : undefined;
  return source && 'pointer' in source ? source.pointer.slice(1) : 'password';
}
