import { Get, Post } from '@nestjs/common';
import { EmailRequestsService } from '../../accounts/email/email-requests.service.js';
import { CurrentActor } from '../../auth/authentication/authentication.js';
import { RequiresFreshSignIn } from '../../auth/authentication/fresh-sign-in.js';
import type { Actor } from '../../auth/authorization/actor.js';
import { fieldErrors, FormFields, NO_ERRORS, type FieldErrors } from '../fields.js';
import { Form, TakesForm, type SentForm } from '../form.js';
import { Page, Text, type PageResult } from '../page.decorators.js';
import { PagePaths } from '../page.paths.js';
import type { View } from '../page.renderer.js';
import { formView } from '../page.views.js';

/** The page to ask for another e-mail. The response is the same when another account has it. */
@Page('account/change-email', { signedIn: true })
export class ChangeEmailPageController {
  constructor(
    private readonly requests: EmailRequestsService,
    private readonly fields: FormFields,
    private readonly paths: PagePaths,
  ) {}

  @Get()
  @RequiresFreshSignIn()
  show(@Text() text: Text): PageResult {
    return this.view(text, '', NO_ERRORS);
  }

  @Post()
  @RequiresFreshSignIn()
  @TakesForm()
  async request(@CurrentActor() actor: Actor, @Form() sent: SentForm, @Text() text: Text): Promise<PageResult> {
    try {
      await this.requests.request(actor, this.requests.emailIn({ email: sent.text('email') }));
    } catch (error) {
      return this.view(text, sent.text('email'), fieldErrors(error));
    }
    return { location: this.paths.to('account', { notice: 'email' }) };
  }

  private view(text: Text, value: string, errors: FieldErrors): View {
    const { changeEmail } = text.account;
    const email = { name: 'email', label: changeEmail.label, type: 'email', autocomplete: 'email', value } as const;
    const fields = [this.fields.field(text, errors, { ...email, first: true })];
    return formView(text, changeEmail, errors, { action: this.paths.to('account/change-email'), fields });
  }
}
