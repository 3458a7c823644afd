import { Get, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { CurrentActor } from '../../auth/authentication/authentication.js';
import { clientAddress } from '../../auth/authentication/client-address.js';
import type { Actor } from '../../auth/authorization/actor.js';
import { RateLimiter } from '../../auth/rate-limit/rate-limiter.js';
import { PasswordsService } from '../../passwords/passwords.service.js';
import { fieldErrors, FormFields, NO_ERRORS, type FieldErrors } from '../fields.js';
import { Form, TakesForm, type SentForm } from '../form.js';
import { Page, Text, type PageResult } from '../page.decorators.js';
import { PagePaths } from '../page.paths.js';
import type { View } from '../page.renderer.js';
import { formView } from '../page.views.js';

/** The page to change the password, with the current one. All other sessions end. */
@Page('account/change-password', { signedIn: true })
export class ChangePasswordPageController {
  constructor(
    private readonly passwords: PasswordsService,
    private readonly rateLimiter: RateLimiter,
    private readonly fields: FormFields,
    private readonly paths: PagePaths,
  ) {}

  @Get()
  show(@CurrentActor() actor: Actor, @Text() text: Text): PageResult {
    return this.view(text, actor, NO_ERRORS);
  }

  @Post()
  @TakesForm()
  async change(
    @CurrentActor() actor: Actor,
    @Form() sent: SentForm,
    @Text() text: Text,
    @Req() request: FastifyRequest,
  ): Promise<PageResult> {
    const address = clientAddress(request);
    await this.rateLimiter.address('change', address);
    const [current, next] = [sent.text('current_password'), sent.text('new_password')];
    try {
      await this.passwords.change(actor, { current_password: current, new_password: next }, address);
    } catch (error) {
      return this.view(text, actor, fieldErrors(error));
    }
    return { location: this.paths.to('account', { notice: 'password' }) };
  }

  private view(text: Text, { email }: Actor, errors: FieldErrors): View {
    const { changePassword } = text.account;
    const current = { name: 'current_password', label: changePassword.current, type: 'password', first: true } as const;
    const fields = [
      this.fields.owner(text, errors, email),
      this.fields.field(text, errors, { ...current, autocomplete: 'current-password' }),
      this.fields.newPassword(text, errors, text.newPassword, 'new_password', false),
    ];
    return formView(text, changePassword, errors, { action: this.paths.to('account/change-password'), fields });
  }
}
