import { Get, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { clientAddress } from '../auth/authentication/client-address.js';
import { emailKey } from '../auth/email-key.js';
import { RateLimiter } from '../auth/rate-limit/rate-limiter.js';
import { SessionRestrictions } from '../auth/sessions/session-restrictions.js';
import { PasswordsService } from '../passwords/passwords.service.js';
import { fieldErrors, FormFields, NO_ERRORS, type FieldErrors } from './fields.js';
import { Form, TakesForm, type SentForm } from './form.js';
import { Page, Text, type PageResult } from './page.decorators.js';
import { doneView, formView } from './page.views.js';
import type { View } from './page.renderer.js';

/** The page of a reset link. Opening it does not consume the token. */
@Page('reset-password')
export class ResetPasswordController {
  constructor(
    private readonly passwords: PasswordsService,
    private readonly rateLimiter: RateLimiter,
    private readonly fields: FormFields,
    private readonly restrictions: SessionRestrictions,
  ) {}

  @Get()
  show(@Query('token') token: unknown, @Text() text: Text, @Req() request: FastifyRequest): Promise<PageResult> {
    return this.view(text, String(token ?? ''), NO_ERRORS, request);
  }

  @Post()
  @TakesForm()
  async reset(@Form() sent: SentForm, @Text() text: Text, @Req() request: FastifyRequest): Promise<PageResult> {
    const [token, password] = [sent.text('token'), sent.text('password')];
    await this.rateLimiter.address('reset', clientAddress(request));
    try {
      await this.passwords.reset({ token, password });
    } catch (error) {
      return this.view(text, token, fieldErrors(error), request);
    }
    return { location: 'reset-password/done' };
  }

  @Get('done')
  done(@Text() text: Text): PageResult {
    return doneView(text.reset);
  }

  private async view(text: Text, token: string, errors: FieldErrors, request: FastifyRequest): Promise<View> {
    await this.rateLimiter.address('token_valid', clientAddress(request));
    const { email } = await this.passwords.owner(token);
    await this.restrictions.checkEmail(emailKey(email));
    const fields = [this.fields.owner(text, errors, email), this.fields.newPassword(text, errors, text.newPassword)];
    return formView(text, text.reset, errors, { action: 'reset-password', hidden: { token }, fields });
  }
}
