import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Config } from '../../config/config.js';
import type { FieldErrors } from '../../pages/fields.js';
import { hiddenOf } from '../../pages/form.js';
import type { FormData, PasskeyPrompt } from '../../pages/page.data.js';
import { PagePaths } from '../../pages/page.paths.js';
import { type ConfirmationState, type FactorFormState, SignInWays } from '../../pages/sign-in/sign-in.ways.js';
import type { PageText } from '../../pages/text/page.text.js';
import { PasskeyChallenges } from '../passkey-challenges.service.js';

/** A form that a passkey fills in. */
interface PasskeyForm extends Pick<FormData, 'submit'>, Pick<PasskeyPrompt, 'error'> {
  /** The page that takes it. */
  readonly page: string;
  /** Values of hidden fields by name; those that are null are left out. */
  readonly hidden?: Readonly<Record<string, string | null>>;
  readonly fields?: FormData['fields'];
  /** Body of the operation that gives the options; without it, a passkey is made. */
  readonly request?: object;
  readonly conditional?: boolean;
  readonly failed?: boolean;
  readonly unsupported?: string;
}

/** The forms of pages that passkeys fill in. */
@Injectable()
export class PasskeyForms implements OnModuleInit {
  constructor(
    @Inject(Config) private readonly config: Pick<Config, 'publicPath' | 'apiPrefix'>,
    private readonly challenges: PasskeyChallenges,
    private readonly paths: PagePaths,
    private readonly ways: SignInWays,
  ) {}

  onModuleInit(): void {
    this.ways.registerFactor('passkey', (state, text) => this.secondStep(state, text));
    this.ways.registerConfirmation((state, text) => this.confirmation(state, text));
  }

  /** Whether there are passkeys. */
  get areOn(): boolean {
    return this.challenges.areOn;
  }

  form({ page, submit, error, fields = [], hidden = {}, request, ...options }: PasskeyForm): FormData {
    const operation = request === undefined ? 'account_passkeys/options' : 'auth/passkey/options';
    const { conditional = false, failed = false, unsupported = null } = options;
    return {
      action: this.paths.to(page),
      submit,
      hidden: hiddenOf(hidden),
      fields,
      passkey: {
        ceremony: request === undefined ? 'create' : 'get',
        options: `${this.config.publicPath}${this.config.apiPrefix}/${operation}`,
        request: JSON.stringify(request ?? {}),
        ...{ conditional, error, failed, unsupported },
      },
    };
  }

  private secondStep({ token, factors, returnTo, errors, trustBox }: FactorFormState, { account }: PageText): FormData {
    const box = trustBox('passkey');
    return this.form({
      page: 'sign-in/second-step',
      submit: account.passkeys.confirm,
      error: account.passkeys.problems.failed,
      hidden: { mfa_token: token, factors: factors.join(' '), return_to: returnTo },
      fields: box === null ? [] : [box],
      request: { purpose: 'mfa', mfa_token: token },
      failed: hasFailed(errors),
      unsupported: account.passkeys.unsupported,
    });
  }

  private confirmation({ returnTo, methods, errors }: ConfirmationState, { account }: PageText): FormData | null {
    if (!methods.includes('passkey')) return null;
    return this.form({
      page: 'account/confirm',
      submit: account.passkeys.confirm,
      error: account.passkeys.problems.failed,
      hidden: { return_to: returnTo },
      request: { purpose: 'reauthenticate' },
      failed: hasFailed(errors),
    });
  }
}

/** Whether a passkey was not accepted, or is no response of an authenticator. */
const hasFailed = (errors: FieldErrors): boolean => errors.has('passkey') || errors.has('response');
