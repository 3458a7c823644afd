import { Get, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ACCESS_COOKIE } from '../../auth/authentication/authentication.js';
import { BrowserSessions } from '../../sign-in/sign-in.service.js';
import { SignOutService } from '../../sign-in/sign-out.service.js';
import { UpstreamSignOut } from '../../sign-in/upstream-sign-out.js';
import { ApiError } from '../../json-api/document/errors.js';
import { Form, type SentForm, TakesForm } from '../form.js';
import { NO_ERRORS } from '../fields.js';
import { Page, Text, type PageResult } from '../page.decorators.js';
import { PagePaths } from '../page.paths.js';
import { doneView, formView } from '../page.views.js';

/** What the form says of a sign-out: whether it is meant also where the session came from. */
const optionsOf = (sent: SentForm) =>
  ({ which: 'this', upstream: sent.text('provider') === 'true' ? { returnTo: null } : undefined }) as const;

/**
 * The page to sign out: a button, since opening a link must not end a session; and another one for a session that came from
 * an identity provider, to end that there as well.
 */
@Page('sign-out')
export class SignOutPageController {
  constructor(
    private readonly signOut: SignOutService,
    private readonly browsers: BrowserSessions,
    private readonly upstream: UpstreamSignOut,
    private readonly paths: PagePaths,
  ) {}

  @Get()
  async show(@Text() text: Text, @Req() request: FastifyRequest): Promise<PageResult> {
    const action = this.paths.to('sign-out');
    const actor = await this.browsers.actorOf(request);
    const origin = actor && (await this.upstream.of(actor.session));
    const leadsTo = (await origin?.endUrl(null))?.href ?? null;
    const others =
      origin && leadsTo !== null
        ? [
            {
              action,
              submit: text.signOut.everywhere(origin.name),
              hidden: { provider: 'true' },
              fields: [],
              passkey: null,
            },
          ]
        : [];
    return { ...formView(text, text.signOut, NO_ERRORS, { action, fields: [], others }), leadsTo };
  }

  /** Without an access cookie the form goes on to where browsers send the refresh cookie. */
  @Post()
  @TakesForm()
  async end(
    @Form() sent: SentForm,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PageResult> {
    if (request.cookies[ACCESS_COOKIE] === undefined) return { location: this.paths.toAuth('sign-out'), status: 307 };
    const url = await this.signOut.run(request, reply, optionsOf(sent));
    return { location: url?.href ?? this.paths.to('sign-out/done') };
  }

  @Get('done')
  done(@Text() text: Text): PageResult {
    return doneView(text.signOut, { href: this.paths.to('sign-in'), label: text.signOut.again });
  }
}

/** The same where browsers send the refresh cookie, for sessions whose access cookie has expired. */
@Page('auth/sign-out', { prefixed: true })
export class ExpiredSignOutController {
  constructor(
    private readonly signOut: SignOutService,
    private readonly paths: PagePaths,
  ) {}

  @Post()
  @TakesForm()
  async end(
    @Form() sent: SentForm,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PageResult> {
    const done = this.paths.to('sign-out/done');
    try {
      const url = await this.signOut.run(request, reply, optionsOf(sent));
      return { location: url?.href ?? done };
    } catch (error) {
      // There was no session: that is what was asked for.
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      return { location: done };
    }
  }
}
