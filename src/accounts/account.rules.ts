import { Inject, Injectable } from '@nestjs/common';
import type { RoleScope } from '../auth/authorization/actor.js';
import { Roles } from '../auth/authorization/roles.js';
import type { ErrorObject } from '../json-api/document/errors.js';
import { AccountLocales } from './account.locales.js';
import { accountErrors } from './account.policy.js';

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
