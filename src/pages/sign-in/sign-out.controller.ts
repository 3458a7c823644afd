import { Get, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ACCESS_COOKIE } from '../../auth/authentication/authentication.js';
import { SignOutService } from '../../sign-in/sign-out.service.js';
import { ApiError } from '../../json-api/document/errors.js';
import { TakesForm } from '../form.js';
import { NO_ERRORS } from '../fields.js';
import { Page, Text, type PageResult } from '../page.decorators.js';
import { PagePaths } from '../page.paths.js';
import { doneView, formView } from '../page.views.js';

/** The page to sign out: a button, since opening a link must not end a session. */
@Page('sign-out')
export class SignOutPageController {
  constructor(
    private readonly signOut: SignOutService,
    private readonly paths: PagePaths,
  ) {}

  @Get()
  show(@Text() text: Text): PageResult {
    return formView(text, text.signOut, NO_ERRORS, { action: this.paths.to('sign-out'), fields: [] });
  }

  /** Without an access cookie the form goes on to where browsers send the refresh cookie. */
  @Post()
  @TakesForm()
  async end(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<PageResult> {
    if (request.cookies[ACCESS_COOKIE] === undefined) return { location: this.paths.toAuth('sign-out'), status: 307 };
    await this.signOut.run(request, reply, { which: 'this' });
    return { location: this.paths.to('sign-out/done') };
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
  async end(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<PageResult> {
    try {
      await this.signOut.run(request, reply, { which: 'this' });
    } catch (error) {
      // There was no session: that is what was asked for.
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
    }
    return { location: this.paths.to('sign-out/done') };
  }
}
