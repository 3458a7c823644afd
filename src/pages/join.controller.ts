import { Get, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { JoiningService } from '../accounts/invitations/joining.service.js';
import { clientAddress } from '../auth/authentication/client-address.js';
import { emailKey } from '../auth/email-key.js';
import { RateLimiter } from '../auth/rate-limit/rate-limiter.js';
import { SessionRestrictions } from '../auth/sessions/session-restrictions.js';
import { fieldErrors, FormFields, NO_ERRORS, type FieldErrors } from './fields.js';
import { Form, TakesForm, type SentForm } from './form.js';
import { Page, Text, type PageResult } from './page.decorators.js';
import { doneView, formView } from './page.views.js';
import type { View } from './page.renderer.js';

/** The values of the form. */
interface Invitation {
  readonly token: string;
  readonly email: string;
  readonly name: string;
}

/** The page of an invitation link. Opening it does not consume the token. */
@Page('join')
export class JoinController {
  constructor(
    private readonly joining: JoiningService,
    private readonly rateLimiter: RateLimiter,
    private readonly fields: FormFields,
    private readonly restrictions: SessionRestrictions,
  ) {}

  @Get()
  async show(@Query('token') token: unknown, @Text() text: Text, @Req() request: FastifyRequest): Promise<PageResult> {
    return this.view(text, await this.find(String(token ?? ''), request), NO_ERRORS);
  }

  @Post()
  @TakesForm()
  async accept(@Form() sent: SentForm, @Text() text: Text, @Req() request: FastifyRequest): Promise<PageResult> {
    const [token, name, password] = [sent.text('token'), sent.text('name'), sent.text('password')];
    await this.rateLimiter.address('join', clientAddress(request));
    try {
      await this.joining.join(token, { name, password }, false);
    } catch (error) {
      const errors = fieldErrors(error);
      return this.view(text, { ...(await this.find(token, request)), name }, errors);
    }
    return { location: 'join/done' };
  }

  @Get('done')
  done(@Text() text: Text): PageResult {
    return doneView(text.join);
  }

  private async find(token: string, request: FastifyRequest): Promise<Invitation> {
    await this.rateLimiter.address('token_valid', clientAddress(request));
    const { email, name } = await this.joining.invitation(token);
    await this.restrictions.checkEmail(emailKey(email));
    return { token, email, name };
  }

  private view(text: Text, { token, email, name }: Invitation, errors: FieldErrors): View {
    const fields = [
      this.fields.owner(text, errors, email),
      this.fields.field(text, errors, {
        name: 'name',
        label: text.name,
        type: 'text',
        autocomplete: 'name',
        value: name,
      }),
      this.fields.newPassword(text, errors, text.password),
    ];
    return formView(text, text.join, errors, { action: 'join', hidden: { token }, fields });
  }
}
