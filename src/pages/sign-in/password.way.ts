import { Injectable, type OnModuleInit } from '@nestjs/common';
import { FormFields } from '../fields.js';
import { hiddenOf } from '../form.js';
import type { AnyForm } from '../page.data.js';
import { PagePaths } from '../page.paths.js';
import type { PageText } from '../text/page.text.js';
import { SignInWays, type SignInState } from './sign-in.ways.js';

/** Signing in by password, which is offered for every e-mail. */
@Injectable()
export class PasswordWay implements OnModuleInit {
  constructor(
    private readonly ways: SignInWays,
    private readonly fields: FormFields,
    private readonly paths: PagePaths,
  ) {}

  onModuleInit(): void {
    this.ways.register((state, text) => this.form(state, text));
  }

  private form({ email, returnTo, errors }: SignInState, text: PageText): AnyForm {
    const password = { name: 'password', label: text.password, type: 'password', first: true } as const;
    return {
      action: this.paths.to('sign-in/password'),
      submit: text.signIn.submit,
      hidden: hiddenOf({ return_to: returnTo }),
      fields: [
        this.fields.owner(text, errors, email),
        this.fields.field(text, errors, { ...password, autocomplete: 'current-password' }),
      ],
    };
  }
}
