import { Get, Injectable, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { EmailChangesService } from '../accounts/email/email-changes.service.js';
import { clientAddress } from '../auth/authentication/client-address.js';
import { RateLimiter } from '../auth/rate-limit/rate-limiter.js';
import { FormFields, NO_ERRORS } from './fields.js';
import { Form, TakesForm, type SentForm } from './form.js';
import { Page, Text, type PageResult } from './page.decorators.js';
import { doneView, formView } from './page.views.js';

/** A page that uses a mailed token to change an e-mail. Opening it does not consume the token. */
@Injectable()
abstract class EmailTokenPage {
  constructor(
    protected readonly emails: EmailChangesService,
    private readonly rateLimiter: RateLimiter,
    private readonly fields: FormFields,
  ) {}

  protected abstract readonly path: 'confirm-email' | 'revert-email';
  /** Of the token, and of the limit of attempts. */
  protected abstract readonly purpose: 'email_confirm' | 'email_revert';
  protected abstract words(text: Text): Text['confirmEmail'];
  protected abstract use(token: string): Promise<void>;

  @Get()
  async show(@Query('token') sent: unknown, @Text() text: Text, @Req() request: FastifyRequest): Promise<PageResult> {
    const token = String(sent ?? '');
    await this.rateLimiter.address('token_valid', clientAddress(request));
    const email = await this.emails.emailOf(this.purpose, token);
    const form = { action: this.path, hidden: { token }, fields: [this.fields.owner(text, NO_ERRORS, email)] };
    return formView(text, this.words(text), NO_ERRORS, form);
  }

  @Post()
  @TakesForm()
  async submit(@Form() sent: SentForm, @Req() request: FastifyRequest): Promise<PageResult> {
    await this.rateLimiter.address(this.purpose, clientAddress(request));
    await this.use(sent.text('token'));
    return { location: `${this.path}/done` };
  }

  @Get('done')
  done(@Text() text: Text): PageResult {
    return doneView(this.words(text));
  }
}

/** The page of the link to a new e-mail. */
@Page('confirm-email')
export class ConfirmEmailController extends EmailTokenPage {
  protected readonly path = 'confirm-email';
  protected readonly purpose = 'email_confirm';

  protected words(text: Text): Text['confirmEmail'] {
    return text.confirmEmail;
  }

  protected use(token: string): Promise<void> {
    return this.emails.confirm(token);
  }
}

/** The page of the link to a former e-mail, which takes the change back. */
@Page('revert-email')
export class RevertEmailController extends EmailTokenPage {
  protected readonly path = 'revert-email';
  protected readonly purpose = 'email_revert';

  protected words(text: Text): Text['revertEmail'] {
    return text.revertEmail;
  }

  protected use(token: string): Promise<void> {
    return this.emails.revert(token);
  }
}
