import { Get, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../../json-api/document/errors.js';
import { BrowserSessions } from '../../sign-in/sign-in.service.js';
import { TakesForm } from '../form.js';
import { Page, type PageResult } from '../page.decorators.js';
import { PagePaths } from '../page.paths.js';

/**
 * Continues a session whose access cookie has expired, and leads back to the page of the account that was asked for.
 * Browsers send the refresh cookie to paths under `/auth` only, so pages of the account redirect here. Another site may
 * send visitors here, too: it gains nothing, since the browser alone gets the new cookies.
 */
@Page('auth/continue', { prefixed: true })
export class ContinueController {
  constructor(
    private readonly browsers: BrowserSessions,
    private readonly paths: PagePaths,
  ) {}

  @Get()
  async show(
    @Query('return_to') sent: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PageResult> {
    const page = this.pageOf(sent);
    const isSignedIn = await this.refresh(request, reply);
    return { location: isSignedIn ? page : this.paths.to('sign-in', { return_to: page }) };
  }

  /** A form that was sent with an expired access cookie is sent once more (307, RFC 9110, 15.4.8). */
  @Post()
  @TakesForm()
  async submit(
    @Query('return_to') sent: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PageResult> {
    if (await this.refresh(request, reply)) return { location: this.pageOf(sent), status: 307 };
    return { location: this.paths.to('sign-in', { return_to: this.paths.to('account') }) };
  }

  private pageOf(sent: unknown): string {
    const page = typeof sent === 'string' ? this.paths.ownPage(sent) : null;
    return page ?? this.paths.to('account');
  }

  private async refresh(request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
    try {
      await this.browsers.refresh(request, reply);
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return false;
      throw error;
    }
  }
}
