import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { ApiError } from '../../json-api/document/errors.js';
import { SecondStep } from '../../sign-in/second-step.service.js';
import { FormFields } from '../fields.js';
import { hiddenOf } from '../form.js';
import type { AnyForm } from '../page.data.js';
import { PagePaths } from '../page.paths.js';
import type { View } from '../page.renderer.js';
import { asksApi, titleOf } from '../page.views.js';
import type { PageText } from '../text/page.text.js';
import { type FactorFormState, type SecondStepState, SignInWays } from './sign-in.ways.js';

/** The page for the second factor of a sign-in, with a form for each factor that the account has. */
@Injectable()
export class SecondStepView implements OnModuleInit {
  constructor(
    private readonly secondStep: SecondStep,
    private readonly ways: SignInWays,
    private readonly fields: FormFields,
    private readonly paths: PagePaths,
  ) {}

  onModuleInit(): void {
    this.ways.registerFactor('totp', (state, text) => this.code(state, text));
    this.ways.registerFactor('recovery_code', (state, text) => this.recoveryCode(state, text));
    this.ways.registerStep((error, state, text) => {
      const step = stepAfter(error);
      return step && this.view({ ...state, ...step }, text);
    });
  }

  async view(state: SecondStepState, text: PageText): Promise<View<'sign-in'>> {
    const { returnTo, errors } = state;
    const { title: heading, restart } = text.signIn.second;
    const trustBox = await this.trustBox(state, text);
    const forms = await this.ways.ofFactors({ ...state, trustBox }, text);
    return {
      template: 'sign-in',
      title: titleOf(text, heading, errors),
      data: {
        heading,
        body: null,
        buttons: [],
        forms,
        links: [{ href: this.paths.to('sign-in', { return_to: returnTo }), label: restart }],
      },
      status: errors.size > 0 ? 422 : 200,
      leadsTo: returnTo,
      asksApi: asksApi(forms),
    };
  }

  /** The box that has the device trusted. No recovery code has one: who uses one has lost the second factor. */
  private async trustBox(
    { token, trustDevice = false }: SecondStepState,
    { signIn: { second } }: PageText,
  ): Promise<FactorFormState['trustBox']> {
    const days = await this.secondStep.trustDays(token);
    if (days === 0) return () => null;
    const box = { name: 'trust_device', label: second.trust(days), hint: second.trustHint, checked: trustDevice };
    return (factor) => this.fields.box({ ...box, id: `trust_device-${factor}` });
  }

  private code(state: FactorFormState, text: PageText): AnyForm {
    const box = state.trustBox('totp');
    const code = this.fields.code(text, state.errors, { first: true });
    return this.form(state, text.signIn.second.submit, box === null ? [code] : [code, box]);
  }

  private recoveryCode(state: FactorFormState, text: PageText): AnyForm {
    const first = !state.factors.includes('totp');
    return this.form(state, text.signIn.second.recover, [this.fields.recoveryCode(text, state.errors, { first })]);
  }

  private form({ token, factors, returnTo }: FactorFormState, submit: string, fields: AnyForm['fields']): AnyForm {
    const hidden = hiddenOf({ mfa_token: token, factors: factors.join(' '), return_to: returnTo });
    return { action: this.paths.to('sign-in/second-step'), submit, hidden, fields };
  }
}

/** The token and the factors of an error that asks for a second factor; null for any other error. */
function stepAfter({ errors: [{ code, meta }] }: ApiError): Pick<SecondStepState, 'token' | 'factors'> | null {
  const { mfa_token: token, factors } = meta ?? {};
  if (code !== 'mfa_required' || typeof token !== 'string' || !Array.isArray(factors)) return null;
  return { token, factors: factors.map(String) };
}
