import { Injectable } from '@nestjs/common';
import type { Actor } from '../../auth/authorization/actor.js';
import { AccountSections } from '../../pages/account/account.sections.js';
import { type FieldErrors, FormFields, NO_ERRORS } from '../../pages/fields.js';
import { hiddenOf } from '../../pages/form.js';
import type { FormData, PageData, PageLink, SectionData } from '../../pages/page.data.js';
import { PagePaths } from '../../pages/page.paths.js';
import type { View } from '../../pages/page.renderer.js';
import { noticeIn, titleOf } from '../../pages/page.views.js';
import { timeIn } from '../../pages/text/page.language.js';
import type { PageText } from '../../pages/text/page.text.js';
import { AccountFactorsService } from '../totp/account-factors.service.js';
import { grouped, qrShape } from '../totp/totp.js';
import { OwnDevices } from './own-devices.service.js';
import { type OwnApp, OwnFactors } from './own-factors.service.js';

/** What has just been done, by the parameter `notice`. */
export type FactorNotice = keyof PageText['account']['secondFactors']['notices'];
/** What went wrong. */
export type FactorProblem = keyof PageText['account']['secondFactors']['problems'];

/** What the page shows besides the second factors. */
export interface FactorsState {
  readonly notice?: unknown;
  readonly problem?: FactorProblem;
  /** Errors of a name, and the one that was sent for a new app. */
  readonly errors?: FieldErrors;
  readonly name?: string;
  /** Where the account goes on, checked; null for its own page. */
  readonly returnTo: string | null;
}

/** A new app that is to be confirmed. */
export interface Enrolment extends Pick<FactorsState, 'errors' | 'returnTo'> {
  readonly id: string;
  /** In base32. */
  readonly secret: string;
}

/** What `/account` and `/account/second-factors` show of second factors. */
@Injectable()
export class SecondFactorsView {
  constructor(
    private readonly factors: OwnFactors,
    private readonly devices: OwnDevices,
    private readonly apps: AccountFactorsService,
    private readonly sections: AccountSections,
    private readonly fields: FormFields,
    private readonly paths: PagePaths,
  ) {}

  /** The part of the page of the account: its apps, and how many recovery codes are left. */
  async section(actor: Actor, text: PageText): Promise<SectionData | null> {
    if (!this.factors.may(actor, 'read')) return null;
    const { title, none, add, manage, codes } = text.account.secondFactors;
    const [own, left] = await Promise.all([this.factors.list(actor), this.factors.codesLeft(actor)]);
    const apps = own.map((app) => ({ title: app.name, detail: detailOf(app, text) }));
    return {
      heading: title,
      items: left === null ? apps : [...apps, { title: codes.title, detail: codes.left(left) }],
      empty: none,
      link: { href: this.page(), label: left === null ? add : manage },
    };
  }

  /** The page of the second factors. */
  async overview(actor: Actor, text: PageText, state: FactorsState): Promise<View<'second-factors'>> {
    const { secondFactors } = text.account;
    const { errors = NO_ERRORS, problem } = state;
    const [own, left, devices] = await Promise.all([
      this.factors.list(actor),
      this.factors.codesLeft(actor),
      this.deviceList(actor, text),
    ]);
    const isWrong = problem !== undefined || errors.size > 0;
    const required = actor.lacksFactor && left === null ? secondFactors.required : null;
    const data: PageData['second-factors'] = {
      heading: secondFactors.title,
      body: secondFactors.intro,
      notice: noticeIn(state.notice, secondFactors.notices) ?? required,
      problem: problem === undefined ? null : secondFactors.problems[problem],
      empty: secondFactors.none,
      action: this.page(),
      items: own.map((app) => ({ id: app.id, title: app.name, detail: detailOf(app, text) })),
      words: { remove: secondFactors.remove, removeHint: secondFactors.removeHint },
      codes: left === null ? null : this.codes(text, left, state),
      devices,
      add: this.addForm(actor, text, state),
      links: this.links(actor, text, state),
    };
    const title = isWrong ? `${text.error}: ${secondFactors.title}` : secondFactors.title;
    return { template: 'second-factors', title, data, status: isWrong ? 422 : 200 };
  }

  /** The page that shows the key of a new app, and takes a code of it. */
  enrolment(actor: Actor, text: PageText, { id, secret, errors = NO_ERRORS, returnTo }: Enrolment): View<'enrolment'> {
    const { title: heading, intro: body, submit, qr, key, open, cancel } = text.account.secondFactors.enrol;
    const { uri } = this.apps.keyFor(actor, secret);
    const { size, path } = qrShape(uri);
    const form = this.form('confirm', submit, returnTo, { id, secret });
    return {
      template: 'enrolment',
      title: titleOf(text, heading, errors),
      data: {
        heading,
        body,
        qr: { label: qr, viewBox: `0 0 ${size} ${size}`, path },
        key: { label: key, value: grouped(secret) },
        open: { href: uri, label: open },
        cancel: { href: this.paths.enrolment(returnTo), label: cancel },
        ...form,
        fields: [this.fields.code(text, errors, { first: true })],
      },
      status: errors.size > 0 ? 422 : 200,
    };
  }

  private page(): string {
    return this.paths.to('account/second-factors');
  }

  private codes(text: PageText, left: number, { returnTo }: FactorsState): PageData['second-factors']['codes'] {
    const { title: heading, intro, submit, replaced, left: leftIn } = text.account.secondFactors.codes;
    const body = left === 0 ? intro : `${intro} ${capitalized(leftIn(left))}. ${replaced}`;
    return { heading, body, form: this.form('codes', submit, returnTo) };
  }

  private async deviceList(actor: Actor, text: PageText): Promise<PageData['second-factors']['devices']> {
    const { title: heading, intro: body, until } = text.account.secondFactors.devices;
    const own = await this.devices.list(actor);
    if (own.length === 0) return null;
    const items = own.map(({ id, name, lastUsedAt, expiresAt }) => {
      const detail = [until(timeIn(text, expiresAt)), usedIn(text, lastUsedAt)].join(' · ');
      return { id, title: name, detail };
    });
    return { heading, body, items };
  }

  private addForm(actor: Actor, text: PageText, { errors = NO_ERRORS, name = '', returnTo }: FactorsState) {
    if (!this.factors.may(actor, 'create')) return null;
    const { newName, add } = text.account.secondFactors;
    const field = { name: 'name', label: newName, type: 'text', autocomplete: 'off', value: name } as const;
    return { ...this.form('add', add, returnTo), fields: [this.fields.field(text, errors, field)] };
  }

  private form(
    change: string,
    submit: string,
    returnTo: string | null,
    hidden: Readonly<Record<string, string>> = {},
  ): FormData {
    const values = hiddenOf({ change, ...hidden, return_to: returnTo });
    return { action: this.page(), submit, hidden: values, fields: [], passkey: null };
  }

  /** An account that must have a factor and has none gets links to the other factors only: it can open no other page. */
  private links(actor: Actor, text: PageText, { returnTo }: FactorsState): PageLink[] {
    const { account } = text;
    if (actor.lacksFactor) return this.sections.factorPagesOf(actor, text);
    const next = returnTo === null ? [] : [{ href: returnTo, label: account.secondFactors.next }];
    return [...next, { href: this.paths.to('account'), label: account.title }];
  }
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const detailOf = ({ confirmedAt, lastUsedAt }: OwnApp, text: PageText): string =>
  [text.account.passkeys.added(timeIn(text, confirmedAt)), usedIn(text, lastUsedAt)].join(' · ');

function usedIn(text: PageText, lastUsedAt: Date | null): string {
  const { passkeys, lastUsed } = text.account;
  return lastUsedAt === null ? passkeys.neverUsed : lastUsed(timeIn(text, lastUsedAt));
}
