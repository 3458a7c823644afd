import { Get, type OnModuleInit, Post, Query } from '@nestjs/common';
import { CurrentActor } from '../../auth/authentication/authentication.js';
import { OpenWithoutFactor, RequiresFreshSignIn } from '../../auth/authentication/fresh-sign-in.js';
import { type Actor, Requires } from '../../auth/authorization/actor.js';
import { ApiError } from '../../json-api/document/errors.js';
import { AccountSections } from '../../pages/account/account.sections.js';
import { fieldErrors, hasCode } from '../../pages/fields.js';
import { Form, type SentForm, TakesForm } from '../../pages/form.js';
import { Page, type PageResult, Text } from '../../pages/page.decorators.js';
import { PagePaths } from '../../pages/page.paths.js';
import { isTotpSecret } from '../totp/totp.js';
import { OwnDevices } from './own-devices.service.js';
import { OwnFactors } from './own-factors.service.js';
import { RecoveryCodesView } from './recovery-codes.view.js';
import { type FactorNotice, type FactorProblem, type FactorsState, SecondFactorsView } from './second-factors.view.js';

/** A form that was sent. */
interface Sent {
  readonly actor: Actor;
  readonly form: SentForm;
  readonly text: Text;
  readonly returnTo: string | null;
}

/** What a conflict means for each change that the forms of the page make, by their field `change`. */
const CONFLICTS = {
  add: 'notAdded',
  confirm: 'failed',
  remove: 'last',
  codes: 'failed',
  distrust: 'failed',
} as const satisfies Record<string, FactorProblem>;

type Change = keyof typeof CONFLICTS;

/** The page of the account's second factors: add and remove apps, make recovery codes, and end the trust in devices. */
@OpenWithoutFactor()
@Page('account/second-factors', { signedIn: true })
export class SecondFactorsPageController implements OnModuleInit {
  constructor(
    private readonly factors: OwnFactors,
    private readonly devices: OwnDevices,
    private readonly view: SecondFactorsView,
    private readonly codesView: RecoveryCodesView,
    private readonly sections: AccountSections,
    private readonly paths: PagePaths,
  ) {}

  onModuleInit(): void {
    this.sections.register((actor, text) => this.view.section(actor, text));
  }

  @Get()
  @RequiresFreshSignIn()
  @Requires('iam:account_factors', 'read')
  show(
    @CurrentActor() actor: Actor,
    @Query('notice') notice: unknown,
    @Query('return_to') sent: unknown,
    @Text() text: Text,
  ): Promise<PageResult> {
    return this.view.overview(actor, text, { notice, returnTo: this.paths.sentDestination(sent) });
  }

  /** Takes every form of the page. One path, so that reauthentication can redirect back to it. */
  @Post()
  @RequiresFreshSignIn()
  @Requires('iam:account_factors', 'read')
  @TakesForm()
  async change(@CurrentActor() actor: Actor, @Form() form: SentForm, @Text() text: Text): Promise<PageResult> {
    const sent = { actor, form, text, returnTo: this.paths.sentDestination(form.text('return_to')) };
    const change = changeIn(form);
    try {
      return await this.run[change](sent);
    } catch (error) {
      return this.view.overview(actor, text, stateAfter(error, change, sent));
    }
  }

  private readonly run: Readonly<Record<Change, (sent: Sent) => Promise<PageResult>>> = {
    add: async ({ actor, form, text, returnTo }) =>
      this.view.enrolment(actor, text, { ...(await this.factors.add(actor, form.text('name'))), returnTo }),
    confirm: (sent) => this.confirm(sent),
    remove: async ({ actor, form, returnTo }) => {
      await this.factors.remove(actor, form.text('id'));
      return this.leave('removed', returnTo);
    },
    distrust: async ({ actor, form, returnTo }) => {
      await this.devices.remove(actor, form.text('id'));
      return this.leave('distrusted', returnTo);
    },
    codes: async ({ actor, text, returnTo }) =>
      this.codesView.page(text, await this.factors.makeCodes(actor), returnTo),
  };

  /** After a wrong code the page shows the key as the form sent it: the service shows it once. */
  private async confirm({ actor, form, text, returnTo }: Sent): Promise<PageResult> {
    const [id, secret] = [form.text('id'), form.text('secret')];
    try {
      await this.factors.confirm(actor, id, form.text('code').trim());
    } catch (error) {
      const errors = isAboutCode(error) ? fieldErrors(error, { invalid_credentials: 'code' }) : null;
      if (errors === null || !isTotpSecret(secret)) throw error;
      return this.view.enrolment(actor, text, { id, secret, errors, returnTo });
    }
    return this.leave('added', returnTo);
  }

  private leave(notice: FactorNotice, returnTo: string | null): PageResult {
    return { location: this.paths.to('account/second-factors', { notice, return_to: returnTo }) };
  }
}

function changeIn(form: SentForm): Change {
  const change = form.text('change');
  return Object.hasOwn(CONFLICTS, change) ? (change as Change) : 'add';
}

/** Whether the error is about the code: it is wrong, or has no valid form. */
const isAboutCode = (error: unknown): boolean => hasCode(error, 'invalid_credentials', 'validation_failed');

/** What the page shows after an error. @throws errors that it cannot show */
function stateAfter(error: unknown, change: Change, { form, returnTo }: Sent): FactorsState {
  if (!(error instanceof ApiError)) throw error;
  const [{ code }] = error.errors;
  if (code === 'conflict') return { problem: CONFLICTS[change], returnTo };
  if (code === 'not_found' || (isAboutCode(error) && change !== 'add')) return { problem: 'failed', returnTo };
  return { errors: fieldErrors(error), name: form.text('name'), returnTo };
}
