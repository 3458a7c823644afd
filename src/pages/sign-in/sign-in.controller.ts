import { Get, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EmailBody } from '../../accounts/email/email.dto.js';
import { clientAddress } from '../../auth/authentication/client-address.js';
import type { Actor } from '../../auth/authorization/actor.js';
import { RateLimiter } from '../../auth/rate-limit/rate-limiter.js';
import { ApiError } from '../../json-api/document/errors.js';
import { readFlatBody } from '../../json-api/write/body.js';
import { BrowserSessions } from '../../sign-in/sign-in.service.js';
import { LoginBody } from '../../sign-in/sign-in.dto.js';
import { fieldErrors, FormFields, NO_ERRORS, type FieldErrors } from '../fields.js';
import { Form, hiddenOf, TakesForm, type SentForm } from '../form.js';
import { Page, Text, type PageResult } from '../page.decorators.js';
import { PagePaths } from '../page.paths.js';
import type { View } from '../page.renderer.js';
import { asksApi, formView, titleOf } from '../page.views.js';
import { type NamelessState, type SignInState, SignInWays } from './sign-in.ways.js';

/**
 * The page to sign in: it asks for the e-mail, then for what this person can use. Both steps are the same, and take the
 * same time, whether or not the account exists. The service is that of `POST /auth/login` with `cookie`.
 */
@Page('sign-in')
export class SignInPageController {
  constructor(
    private readonly browsers: BrowserSessions,
    private readonly rateLimiter: RateLimiter,
    private readonly ways: SignInWays,
    private readonly fields: FormFields,
    private readonly paths: PagePaths,
  ) {}

  @Get()
  async show(
    @Query('return_to') sent: unknown,
    @Query('failed') failed: unknown,
    @Text() text: Text,
    @Req() request: FastifyRequest,
  ): Promise<PageResult> {
    const returnTo = this.paths.sentDestination(sent);
    const actor = await this.browsers.actorOf(request);
    if (actor) return this.leave(actor, returnTo);
    return this.emailView(text, { returnTo, failed: failed !== undefined }, '', NO_ERRORS);
  }

  @Post()
  @TakesForm()
  async chooseWay(@Form() sent: SentForm, @Text() text: Text): Promise<PageResult> {
    const returnTo = this.paths.sentDestination(sent.text('return_to'));
    try {
      const { email } = readFlatBody(EmailBody, { email: sent.text('email') });
      return await this.waysView(text, { email, returnTo, errors: NO_ERRORS });
    } catch (error) {
      return this.emailView(text, { returnTo, failed: false }, sent.text('email'), fieldErrors(error));
    }
  }

  @Post('password')
  @TakesForm()
  async byPassword(
    @Form() sent: SentForm,
    @Text() text: Text,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PageResult> {
    const returnTo = this.paths.sentDestination(sent.text('return_to'));
    const [email, password] = [sent.text('email'), sent.text('password')];
    await this.rateLimiter.address('sign-in', clientAddress(request));
    try {
      const signedIn = await this.browsers.signIn(request, reply, readFlatBody(LoginBody, { email, password }));
      this.browsers.setCookies(reply, signedIn);
      return this.leave(signedIn.actor, returnTo);
    } catch (error) {
      const state = { email, returnTo, errors: NO_ERRORS };
      const next = error instanceof ApiError ? await this.ways.after(error, state, text) : null;
      return next ?? this.waysView(text, { ...state, errors: fieldErrors(error, AT_PASSWORD) });
    }
  }

  /** Who must have a second factor and has none adds one first. */
  private leave({ lacksFactor }: Actor, returnTo: string | null): PageResult {
    return { location: lacksFactor ? this.paths.enrolment(returnTo) : (returnTo ?? this.paths.to('account')) };
  }

  private async emailView(
    text: Text,
    state: NamelessState,
    value: string,
    errors: FieldErrors,
  ): Promise<View<'form'> | View<'sign-in'>> {
    const { returnTo } = state;
    const others = this.ways.offeredNameless(state, text);
    // Browsers offer passkeys in this field (HTML, autofill: `webauthn`).
    const autocomplete = asksApi(others) ? 'username webauthn' : 'username';
    const email = { name: 'email', label: text.email, type: 'email', autocomplete, value } as const;
    const fields = [this.fields.field(text, errors, { ...email, first: true })];
    const form = { action: this.paths.to('sign-in'), hidden: hiddenOf({ return_to: returnTo }), fields };
    const buttons = await this.ways.links({ email: null, returnTo }, text);
    const leadsTo = others.length > 0 ? returnTo : null;
    const view = { ...formView(text, text.signIn.email, errors, { ...form, others }), leadsTo };
    if (buttons.length === 0) return view;
    const { heading, submit } = view.data;
    const forms = [{ ...form, submit, passkey: null }, ...others];
    return {
      ...view,
      template: 'sign-in',
      data: { heading, body: null, buttons, forms, links: [] },
      asksApi: asksApi(forms),
    };
  }

  private async waysView(text: Text, state: SignInState): Promise<View<'sign-in'>> {
    const { returnTo, errors } = state;
    const { title: heading, otherEmail, forgot } = text.signIn;
    const forms = await this.ways.offered(state, text);
    return {
      template: 'sign-in',
      title: titleOf(text, heading, errors),
      data: {
        heading,
        body: null,
        buttons: await this.ways.links(state, text),
        forms,
        links: [
          { href: this.paths.to('forgot-password'), label: forgot },
          { href: this.paths.to('sign-in', { return_to: returnTo }), label: otherEmail },
        ],
      },
      status: errors.size > 0 ? 422 : 200,
      leadsTo: returnTo,
      asksApi: asksApi(forms),
    };
  }
}

/** Errors of the whole form, and the field at which they are shown. */
const AT_PASSWORD = { invalid_credentials: 'password', account_disabled: 'password' } as const;
