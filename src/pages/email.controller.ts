import { Get, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { EmailChangesService } from '../accounts/email/email-changes.service.js';
import { clientAddress } from '../auth/authentication/client-address.js';
import { RateLimiter } from '../auth/rate-limit/rate-limiter.js';
import { FormFields, NO_ERRORS } from './fields.js';
import { Form, TakesForm, type SentForm } from './form.js';
import { Page, Text, type PageResult } from './page.decorators.js';
import { doneView, formView } from './page.views.js';
import type { View } from './page.renderer.js';

/** The page of the link to a new e-mail. Opening it does not consume the token. */
@Page('confirm-email')
export class ConfirmEmailController {
  constructor(
    private readonly emails: EmailChangesService,
    private readonly rateLimiter: RateLimiter,
    private readonly fields: FormFields,
  ) {}

  @Get()
  async show(@Query('token') sent: unknown, @Text() text: Text, @Req() request: FastifyRequest): Promise<PageResult> {
    const token = String(sent ?? '');
    await this.rateLimiter.address('token_valid', clientAddress(request));
    return view(text, this.fields, 'confirm-email', await this.emails.emailOf('email_confirm', token), token);
  }

  @Post()
  @TakesForm()
  async confirm(@Form() sent: SentForm, @Req() request: FastifyRequest): Promise<PageResult> {
    await this.rateLimiter.address('email_confirm', clientAddress(request));
    await this.emails.confirm(sent.text('token'));
    return { location: 'confirm-email/done' };
  }

  @Get('done')
  done(@Text() text: Text): PageResult {
    return doneView(text.confirmEmail);
  }
}

/** The page of the link to a former e-mail, which takes the change back. Opening it does not consume the token. */
@Page('revert-email')
export class RevertEmailController {
  constructor(
    private readonly emails: EmailChangesService,
    private readonly rateLimiter: RateLimiter,
    private readonly fields: FormFields,
  ) {}

  @Get()
  async show(@Query('token') sent: unknown, @Text() text: Text, @Req() request: FastifyRequest): Promise<PageResult> {
    const token = String(sent ?? '');
    await this.rateLimiter.address('token_valid', clientAddress(request));
    return view(text, this.fields, 'revert-email', await this.emails.emailOf('email_revert', token), token);
  }

  @Post()
  @TakesForm()
  async revert(@Form() sent: SentForm, @Req() request: FastifyRequest): Promise<PageResult> {
    await this.rateLimiter.address('email_revert', clientAddress(request));
    await this.emails.revert(sent.text('token'));
    return { location: 'revert-email/done' };
  }

  @Get('done')
  done(@Text() text: Text): PageResult {
    return doneView(text.revertEmail);
  }
}

/** The e-mail that the account is to have, and a button. */
function view(
  text: Text,
  fields: FormFields,
  action: 'confirm-email' | 'revert-email',
  email: string,
  token: string,
): View {
  const words = action === 'confirm-email' ? text.confirmEmail : text.revertEmail;
  const form = { action, hidden: { token }, fields: [fields.owner(text, NO_ERRORS, email)] };
  return formView(text, words, NO_ERRORS, form);
}
