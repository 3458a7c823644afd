import { Inject, Injectable } from '@nestjs/common';
import type { RoleScope } from '../auth/authorization/actor.js';
import { Roles } from '../auth/authorization/roles.js';
import type { ErrorObject } from '../json-api/document/errors.js';
import { accountErrors } from './account.policy.js';
import { attributeField, brokenRule } from '../json-api/document/rules.js';
import { Messages } from '../language/messages.js';
import { MailTemplates } from '../mail/mail.templates.js';

/** The languages that an account may choose: those in which there are messages or mails, of this service and of a team. */
@Injectable()
export class AccountLocales {
  constructor(
    private readonly messages: Messages,
    private readonly templates: MailTemplates,
  ) {}

  /** Their tags (RFC 5646), sorted. */
  list(): string[] {
    return [...new Set([...this.messages.locales(), ...this.templates.locales()])].sort();
  }

  /** What is wrong with the `locale` of an account; null is the language of each request. */
  errors(locale: string | null | undefined): ErrorObject[] {
    if (locale === null || locale === undefined) return [];
    const allowed = this.list();
    return allowed.includes(locale) ? [] : [brokenRule('not_allowed', attributeField('locale'), { allowed })];
  }
}

/** What an account is to have, by property: everything where it is made, and otherwise what changes. */
export interface AccountCandidate {
  readonly email?: string;
  readonly name?: string;
  readonly roleName?: string;
  readonly roleScope?: RoleScope;
  readonly locale?: string | null;
  /** Attributes that an extension adds. */
  readonly [property: string]: unknown;
}

/**
 * What is done to the account. `join`: an invitation is accepted, and the candidate has the e-mail that was invited.
 * `operator`: an admin is made by a command, or on the first start.
 */
export type AccountOccasion = 'create' | 'update' | 'join' | 'email_change' | 'import' | 'operator';

/**
 * Rules of accounts beyond what entity and resource definition say, asked by everything that writes one. An extension
 * replaces it, and adds to `super.errors(…)`. What depends on other rows is a constraint of the database instead.
 */
@Injectable()
export class AccountRules {
  // Properties, so that the constructor of a subclass does not change with what the rules of the service need.
  @Inject() protected readonly roles!: Roles;
  @Inject() protected readonly locales!: AccountLocales;

  /** Errors of status 422, whose source is the pointer of an attribute (`attributeField`). Must not throw. */
  errors(account: AccountCandidate, _occasion: AccountOccasion): ErrorObject[] {
    return [...accountErrors(account, this.roles), ...this.locales.errors(account.locale)];
  }
}
