import { Injectable } from '@nestjs/common';
import {
  type AccountCandidate,
  type AccountOccasion,
  AccountRules,
  attributeField,
  brokenRule,
  Config,
  type ErrorObject,
} from 'iam';
import { INVENTORY_VARIABLES } from './inventory.variables.js';

/** The service's rules of accounts, and a list of domains. */
@Injectable()
export class EmailDomains extends AccountRules {
  private readonly domains: readonly string[] | null;

  constructor(config: Config) {
    super();
    this.domains = config.valuesOf(INVENTORY_VARIABLES).EMAIL_DOMAINS;
  }

  override errors(account: AccountCandidate, occasion: AccountOccasion): ErrorObject[] {
    const errors = super.errors(account, occasion);
    const { email } = account;
    const domain = email?.slice(email.lastIndexOf('@') + 1).toLowerCase();
    if (domain === undefined || this.domains === null || this.domains.includes(domain)) return errors;
    const rule = { text: '{name} must be an address of {allowed}' };
    return [...errors, brokenRule(['email_domain', rule], attributeField('email'), { allowed: this.domains })];
  }
}
