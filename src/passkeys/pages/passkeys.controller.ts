import { Get, type OnModuleInit, Post, Query } from '@nestjs/common';
import { CurrentActor } from '../../auth/authentication/authentication.js';
import { OpenWithoutFactor, RequiresFreshSignIn } from '../../auth/authentication/fresh-sign-in.js';
import { type Actor, Requires } from '../../auth/authorization/actor.js';
import { ApiError } from '../../json-api/document/errors.js';
import { readFlatBody } from '../../json-api/write/body.js';
import { AccountSections } from '../../pages/account/account.sections.js';
import { fieldErrors } from '../../pages/fields.js';
import { Form, type SentForm, TakesForm } from '../../pages/form.js';
import { Page, type PageResult, Text } from '../../pages/page.decorators.js';
import { PagePaths } from '../../pages/page.paths.js';
import { AddPasskeyBody } from '../passkeys.dto.js';
import { attestationIn } from '../webauthn/responses.js';
import { OwnPasskeys } from './own-passkeys.service.js';
import { type PasskeyNotice, type PasskeyProblem, type PasskeysState, PasskeysView } from './passkeys.view.js';

/** The changes that the forms of the page make, by their field `change`. */
const CHANGES = { add: 'added', rename: 'renamed', remove: 'removed' } as const satisfies Record<string, PasskeyNotice>;

/** What a conflict means for each. */
const CONFLICTS: Readonly<Record<keyof typeof CHANGES, PasskeyProblem>> = {
  add: 'notAdded',
  rename: 'failed',
  remove: 'last',
};

/** The page of the own passkeys: add one, rename and remove them. */
@OpenWithoutFactor()
@Page('account/passkeys', { signedIn: true })
export class PasskeysPageController implements OnModuleInit {
  constructor(
    private readonly passkeys: OwnPasskeys,
    private readonly view: PasskeysView,
    private readonly sections: AccountSections,
    private readonly paths: PagePaths,
  ) {}

  onModuleInit(): void {
    this.sections.register((actor, text) => this.view.section(actor, text));
    this.sections.registerFactorPage((actor, text) => this.view.linkToAdd(actor, text));
  }

  @Get()
  @RequiresFreshSignIn()
  @Requires('iam:account_passkeys', 'read')
  show(@CurrentActor() actor: Actor, @Query('notice') notice: unknown, @Text() text: Text): Promise<PageResult> {
    return this.view.page(actor, text, { notice });
  }

  /** Takes every form of the page, so that one that is sent too late leads back to the page. */
  @Post()
  @RequiresFreshSignIn()
  @Requires('iam:account_passkeys', 'read')
  @TakesForm()
  async change(@CurrentActor() actor: Actor, @Form() sent: SentForm, @Text() text: Text): Promise<PageResult> {
    const change = changeIn(sent);
    try {
      await this.run[change](actor, sent);
    } catch (error) {
      return this.view.page(actor, text, stateAfter(error, change, sent));
    }
    return { location: this.paths.to('account/passkeys', { notice: CHANGES[change] }) };
  }

  private readonly run: Readonly<Record<keyof typeof CHANGES, (actor: Actor, sent: SentForm) => Promise<void>>> = {
    add: (actor, sent) => {
      const body = readFlatBody(AddPasskeyBody, { name: sent.text('name'), ...sent.passkey().passkey });
      return this.passkeys.add(actor, { ...body, response: attestationIn(body.response, '/response') });
    },
    rename: (actor, sent) => this.passkeys.rename(actor, sent.text('id'), sent.text('name')),
    remove: (actor, sent) => this.passkeys.remove(actor, sent.text('id')),
  };
}

function changeIn(sent: SentForm): keyof typeof CHANGES {
  const change = sent.text('change');
  return change === 'rename' || change === 'remove' ? change : 'add';
}

/** What the page shows after an error; an error that it cannot show is thrown again. */
function stateAfter(error: unknown, change: keyof typeof CHANGES, sent: SentForm): PasskeysState {
  if (!(error instanceof ApiError)) throw error;
  const [{ code }] = error.errors;
  if (code === 'conflict') return { problem: CONFLICTS[change] };
  if (code === 'invalid_token') return { problem: 'failed', name: sent.text('name') };
  const errors = fieldErrors(error);
  if (!errors.has('name')) return { problem: 'failed', name: sent.text('name') };
  return change === 'add' ? { errors, name: sent.text('name') } : { problem: 'name' };
}
