import { Get, Post } from '@nestjs/common';
import { AccountLocales } from '../../accounts/account.rules.js';
import { AccountResource } from '../../accounts/account.resource.js';
import { AccountsService, type AccountValues } from '../../accounts/accounts.service.js';
import { CurrentActor } from '../../auth/authentication/authentication.js';
import { type Actor, Requires } from '../../auth/authorization/actor.js';
import { IfMatch, WriteDocument } from '../../json-api/write/write-document.js';
import { fieldErrors, FormFields, NO_ERRORS, type FieldErrors } from '../fields.js';
import { Form, TakesForm, type SentForm } from '../form.js';
import { Page, Text, type PageResult } from '../page.decorators.js';
import { PagePaths } from '../page.paths.js';
import type { View } from '../page.renderer.js';
import { formView } from '../page.views.js';
import { languageName } from '../text/page.language.js';

interface Profile {
  readonly name: string;
  readonly locale: string | null;
}

/** The page to change name and language: an update of the account, with all its rules. */
@Page('account/profile', { signedIn: true })
export class ProfilePageController {
  constructor(
    private readonly accounts: AccountsService,
    private readonly locales: AccountLocales,
    private readonly fields: FormFields,
    private readonly paths: PagePaths,
  ) {}

  @Get()
  @Requires('iam:accounts', 'update')
  show(@CurrentActor() actor: Actor, @Text() text: Text): PageResult {
    return this.view(text, actor, NO_ERRORS);
  }

  @Post()
  @Requires('iam:accounts', 'update')
  @TakesForm()
  async change(@CurrentActor() actor: Actor, @Form() sent: SentForm, @Text() text: Text): Promise<PageResult> {
    const profile = { name: sent.text('name'), locale: sent.text('locale') || null };
    try {
      await this.accounts.update(actor, actor.id, updateOf(actor.id, profile));
    } catch (error) {
      return this.view(text, profile, fieldErrors(error));
    }
    return { location: this.paths.to('account', { notice: 'profile' }) };
  }

  private view(text: Text, { name, locale }: Profile, errors: FieldErrors): View {
    const options = [
      { value: '', label: text.account.anyLanguage },
      ...this.locales.list().map((tag) => ({ value: tag, label: languageName(tag) })),
    ];
    const language = { label: text.account.language, type: 'text', autocomplete: 'language', options } as const;
    const fields = [
      this.fields.field(text, errors, {
        name: 'name',
        label: text.name,
        type: 'text',
        autocomplete: 'name',
        value: name,
        first: true,
      }),
      this.fields.field(text, errors, { name: 'locale', value: locale ?? '', ...language }),
    ];
    return formView(text, text.account.profile, errors, { action: this.paths.to('account/profile'), fields });
  }
}

/** The document of `PATCH /accounts/{id}` that changes this. */
function updateOf(id: string, attributes: Readonly<Record<keyof Profile, unknown>>): WriteDocument<AccountValues> {
  const context = {
    selection: { fields: new Map(), include: [] },
    ifMatch: IfMatch.parse(undefined),
    operation: 'PATCH /accounts',
  };
  return new WriteDocument(
    AccountResource,
    'update',
    { type: AccountResource.type, id, attributes, linkage: [] },
    context,
  );
}
