import { Get, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { clientAddress } from '../auth/authentication/client-address.js';
import { RateLimiter } from '../auth/rate-limit/rate-limiter.js';
import { readFlatBody } from '../json-api/write/body.js';
import { RequestResetBody } from '../passwords/passwords.dto.js';
import { PasswordsService } from '../passwords/passwords.service.js';
import { fieldErrors, FormFields, NO_ERRORS, type FieldErrors } from './fields.js';
import { Form, TakesForm, type SentForm } from './form.js';
import { Page, Text, type PageResult } from './page.decorators.js';
import { doneView, formView } from './page.views.js';
import type { View } from './page.renderer.js';

/** The page to request a reset mail. The response is the same whether or not the account exists. */
@Page('forgot-password')
export class ForgotPasswordController {
  constructor(
    private readonly passwords: PasswordsService,
    private readonly rateLimiter: RateLimiter,
    private readonly fields: FormFields,
  ) {}

  @Get()
  show(@Text() text: Text): PageResult {
    return this.view(text, '', NO_ERRORS);
  }

  @Post()
  @TakesForm()
  async request(@Form() sent: SentForm, @Text() text: Text, @Req() request: FastifyRequest): Promise<PageResult> {
    const [email, address] = [sent.text('email'), clientAddress(request)];
    await this.rateLimiter.address('request_reset', address);
    try {
      await this.passwords.requestReset(readFlatBody(RequestResetBody, { email }).email, address);
    } catch (error) {
      return this.view(text, email, fieldErrors(error));
    }
    return { location: 'forgot-password/sent' };
  }

  @Get('sent')
  sent(@Text() text: Text): PageResult {
    return doneView(text.forgot, { href: '../forgot-password', label: text.forgot.again });
  }

  private view(text: Text, value: string, errors: FieldErrors): View {
    const email = { name: 'email', label: text.email, type: 'email', autocomplete: 'username', value } as const;
    const fields = [this.fields.field(text, errors, { ...email, first: true })];
    return formView(text, text.forgot, errors, { action: 'forgot-password', fields });
  }
}
