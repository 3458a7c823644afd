import { Injectable } from '@nestjs/common';
import { attributeField, brokenRule } from '../json-api/document/rules.js';
import type { ErrorObject } from '../json-api/document/errors.js';
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
