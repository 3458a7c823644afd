import { Inject, Injectable } from '@nestjs/common';
import { scopeErrors } from '../accounts/account.policy.js';
import type { RoleScope } from '../auth/authorization/actor.js';
import type { Right } from '../auth/authorization/rights.js';
import { Roles } from '../auth/authorization/roles.js';
import { Config } from '../config/config.js';
import { attributePointer, type ErrorObject } from '../json-api/document/errors.js';
import { attributeField, brokenRule, type Rule } from '../json-api/document/rules.js';

/** A day, in ms. */
export const DAY_MS = 24 * 3_600_000;
/** Lifetime of a key that is created without an expiry, in days. */
const DEFAULT_DAYS = 90;

/** Rules of API keys beside those of the resource layer. */
export const API_KEY_RULES = {
  past: { text: '{name} must lie in the future', description: 'to end a key now, revoke it' },
  too_late: {
    text: '{name} must lie at or before {latest}',
    description: 'later than `API_KEY_MAX_DAYS` allows, or than the key expires already; `null` is without an end',
  },
} as const satisfies Record<string, Rule>;

/** A permission that can be read, and its place in the list. */
export interface Permission {
  readonly right: Right;
  readonly place: number;
}

/** What is valid in an API key, for any actor. */
@Injectable()
export class ApiKeyRules {
  private readonly maxDays: number;

  constructor(
    private readonly roles: Roles,
    @Inject(Config) { apiKeyMaxDays }: Pick<Config, 'apiKeyMaxDays'>,
  ) {
    this.maxDays = apiKeyMaxDays;
  }

  /** The expiry of a key that is created without one. */
  defaultExpiry(): string {
    const days = this.maxDays === 0 ? DEFAULT_DAYS : Math.min(DEFAULT_DAYS, this.maxDays);
    return new Date(Date.now() + days * DAY_MS).toISOString();
  }

  /** The permissions that are rights, with their places. */
  read(permissions: readonly string[]): Permission[] {
    return permissions.flatMap((text, place) => {
      const right = this.roles.rightOf(text);
      return right === null ? [] : { right, place };
    });
  }

  permissionErrors(permissions: readonly string[] = []): ErrorObject[] {
    return permissions.flatMap((text, place) => {
      const read = this.roles.readRight(text);
      if ('right' in read) return [];
      const where = { name: `permissions[${place}]`, source: attributePointer(`permissions/${place}`) };
      const [reason = ''] = read.errors;
      const rule: Rule = { text: `{name} must be a right such as iam:accounts.read.org: ${reason}` };
      return brokenRule(['format', rule], where, { expected: 'right' });
    });
  }

  scopeErrors(scope: RoleScope | null | undefined): ErrorObject[] {
    return scope ? scopeErrors(scope, this.roles.scopeKeys) : [];
  }

  /** @param latest when the key expires already; undefined of a new key, null when it does not expire */
  expiryErrors(expiresAt: string | Date | null | undefined, latest?: Date | null): ErrorObject[] {
    if (expiresAt === undefined) return [];
    const field = attributeField('expires_at');
    const bounds = [latest, this.maxDays === 0 ? null : new Date(Date.now() + this.maxDays * DAY_MS)];
    const bound = bounds.reduce<Date | null>((least, one) => (one && (!least || one < least) ? one : least), null);
    const end = expiresAt === null ? Infinity : new Date(expiresAt).getTime();
    if (bound && end > bound.getTime()) {
      return [brokenRule(['too_late', API_KEY_RULES.too_late], field, { latest: bound.toISOString() })];
    }
    return end > Date.now() ? [] : [brokenRule(['past', API_KEY_RULES.past], field)];
  }
}
