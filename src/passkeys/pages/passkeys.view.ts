import { Injectable } from '@nestjs/common';
import type { Actor } from '../../auth/authorization/actor.js';
import { type FieldErrors, FormFields, NO_ERRORS } from '../../pages/fields.js';
import type { PageData, PageLink, SectionData } from '../../pages/page.data.js';
import { PagePaths } from '../../pages/page.paths.js';
import type { View } from '../../pages/page.renderer.js';
import { asksApi, noticeIn, titleOf } from '../../pages/page.views.js';
import { timeIn } from '../../pages/text/page.language.js';
import type { PageText } from '../../pages/text/page.text.js';
import { type OwnPasskey, OwnPasskeys } from './own-passkeys.service.js';
import { PasskeyForms } from './passkey.forms.js';

/** What has just been done, by the parameter `notice`. */
export type PasskeyNotice = keyof PageText['account']['passkeys']['notices'];
/** What went wrong. */
export type PasskeyProblem = keyof PageText['account']['passkeys']['problems'];

/** What the page shows besides the passkeys. */
export interface PasskeysState {
  readonly notice?: unknown;
  readonly problem?: PasskeyProblem;
  /** Errors of a name, and the one that was sent for a new passkey. */
  readonly errors?: FieldErrors;
  readonly name?: string;
}

/** What `/account` and `/account/passkeys` show of passkeys. */
@Injectable()
export class PasskeysView {
  constructor(
    private readonly passkeys: OwnPasskeys,
    private readonly forms: PasskeyForms,
    private readonly fields: FormFields,
    private readonly paths: PagePaths,
  ) {}

  /** The part of the page of the account; null where the service has no passkeys, and the account none either. */
  async section(actor: Actor, text: PageText): Promise<SectionData | null> {
    if (!this.passkeys.may(actor, 'read')) return null;
    const { passkeys } = text.account;
    const own = await this.passkeys.list(actor);
    if (own.length === 0 && !this.forms.areOn) return null;
    return {
      heading: passkeys.title,
      items: own.map((passkey) => ({ title: passkey.name, detail: detailOf(passkey, text) })),
      empty: passkeys.none,
      link: { href: this.paths.to('account/passkeys'), label: own.length === 0 ? passkeys.add : passkeys.manage },
    };
  }

  /** The link to the page for an actor who may add one; else null. */
  linkToAdd(actor: Actor, text: PageText): PageLink | null {
    if (!this.canAdd(actor) || !this.passkeys.may(actor, 'read')) return null;
    return { href: this.paths.to('account/passkeys'), label: text.account.passkeys.add };
  }

  /** The page of the passkeys. */
  async page(actor: Actor, text: PageText, state: PasskeysState): Promise<View<'passkeys'>> {
    const { passkeys } = text.account;
    const { errors = NO_ERRORS, problem } = state;
    const own = await this.passkeys.list(actor);
    const isWrong = problem !== undefined || errors.size > 0;
    const add = this.addForm(actor, text, state);
    const data: PageData['passkeys'] = {
      heading: passkeys.title,
      body: passkeys.intro,
      notice: noticeIn(state.notice, passkeys.notices),
      problem: problem === undefined ? null : passkeys.problems[problem],
      empty: passkeys.none,
      action: this.paths.to('account/passkeys'),
      items: own.map((passkey) => ({ id: passkey.id, title: passkey.name, detail: detailOf(passkey, text) })),
      words: { name: passkeys.name, change: passkeys.change, rename: passkeys.rename, remove: passkeys.remove },
      add,
      back: { href: this.paths.to('account'), label: passkeys.back },
    };
    const title = isWrong ? `${text.error}: ${passkeys.title}` : titleOf(text, passkeys.title, NO_ERRORS);
    return { template: 'passkeys', title, data, status: isWrong ? 422 : 200, asksApi: asksApi(add ? [add] : []) };
  }

  private canAdd(actor: Actor): boolean {
    return this.forms.areOn && this.passkeys.may(actor, 'create');
  }

  private addForm(actor: Actor, text: PageText, { errors = NO_ERRORS, name = '' }: PasskeysState) {
    if (!this.canAdd(actor)) return null;
    const { passkeys } = text.account;
    const field = { name: 'name', label: passkeys.newName, type: 'text', autocomplete: 'off', value: name } as const;
    return this.forms.form({
      page: 'account/passkeys',
      submit: passkeys.add,
      fields: [this.fields.field(text, errors, field)],
      error: passkeys.problems.failed,
      unsupported: passkeys.unsupported,
    });
  }
}

function detailOf({ createdAt, lastUsedAt, backedUp }: OwnPasskey, text: PageText): string {
  const { account } = text;
  const used = lastUsedAt === null ? account.passkeys.neverUsed : account.lastUsed(timeIn(text, lastUsedAt));
  const place = backedUp ? account.passkeys.synced : account.passkeys.oneDevice;
  return [account.passkeys.added(timeIn(text, createdAt)), used, place].join(' · ');
}
