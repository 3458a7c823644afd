import type { Actor, Role, RoleScope } from '../auth/authorization/actor.js';
import { asciiDomain, emailKey } from '../auth/email-key.js';
import type { Action } from '../auth/authorization/rights.js';
import type { ScopeKey } from '../auth/authorization/roles-file.js';
import type { Roles } from '../auth/authorization/roles.js';
import { attributePointer, ErrorList, type ErrorObject } from '../json-api/document/errors.js';
import { attributeField, brokenRule, EMAIL_FORM, type Rule } from '../json-api/document/rules.js';
import { isUuid } from '../json-api/sql/sql.js';
import type { Restrictions } from '../json-api/resource/permissions.js';
import { quoted } from '../json-api/limits.js';
import { isMailAddress } from '../mail/mail.address.js';
import type { Account } from './account.entity.js';

/** Rules for writing accounts, in addition to the scope condition (wire contract, section 7). Pure functions. */

/** The attributes that decide what an account may do. You cannot change them on your own account. */
const PRIVILEGED = ['enabled', 'roleName', 'roleScope'] as const;
type Power = (typeof PRIVILEGED)[number];

const WIRE_NAMES: Readonly<Record<Power, string>> = {
  enabled: 'enabled',
  roleName: 'role_name',
  roleScope: 'role_scope',
};

const TYPE = 'iam:accounts';
const ORGANIZATIONS = 'iam:organizations';

/** An error for a value that the actor is not allowed to set. */
export const forbidden = (power: Power, detail: string): ErrorObject => ({
  code: 'forbidden',
  detail,
  source: attributePointer(WIRE_NAMES[power]),
});

/** Rules of accounts beside those of the resource layer. */
export const ACCOUNT_RULES = {
  undeclared_key: {
    text: '{name} is not declared in the roles file',
    description: 'a key of `role_scope` besides `org` that the roles file does not have',
  },
} as const satisfies Record<string, Rule>;

/** An error for organizations that do not exist. */
export const unknownOrganizations = (ids: readonly string[]): ErrorObject =>
  brokenRule(['unknown_reference', { text: `There is no organization ${someOf(ids)}` }], attributeField('role_scope'));

/** The errors of assigning a role: it must not rank above the actor's own. */
export function assignmentErrors(actor: Actor, role: Role | null): ErrorObject[] {
  if (role === null || role.rank <= actor.role.rank) return [];
  return [forbidden('roleName', 'You may not assign a role above your own')];
}

/** Whether the actor may give accounts this role now: some account other than the actor's own must be in scope. */
export function mayAssign(actor: Actor, role: Role): boolean {
  if (!role.assignable || assignmentErrors(actor, role).length > 0) return false;
  const inOrganizations = actor.organizationIds.length > 0;
  return (['create', 'update'] as const).some((action) =>
    actor.can('iam:accounts', action, inOrganizations ? 'org' : '*'),
  );
}

/** Whether this role ranks above the actor's. A role that was removed from the roles file does not. */
export const outranks = (role: Role | null, actor: Actor): boolean => role !== null && role.rank > actor.role.rank;

/** Whether the account counts for the last-admin rule: a person, enabled, with a role that has every right. */
export const isEnabledAdmin = ({ kind, enabled, roleName }: Account, roles: Pick<Roles, 'fullAccessNames'>): boolean =>
  kind === 'person' && enabled && roles.fullAccessNames().includes(roleName);

/** The facts that {@link accountRestrictions} asks for. */
export interface AccountFacts {
  /** All organizations of the account are the actor's own. */
  readonly ownsAll?: boolean;
  /** There is another enabled admin. */
  readonly anotherAdmin?: boolean;
}

/** Details of errors. */
export const OUTRANKED = 'The account has a role above your own';
/** The reason why an owner cannot decide about an account alone. */
export const SHARED = 'The account also belongs to organizations that are not yours';

/** Whether an action on the account as a whole is the actor's alone to decide. */
export const decidesAlone = (actor: Actor, action: Action, { ownsAll }: AccountFacts): boolean =>
  actor.can(TYPE, action, '*') || ownsAll === true;

/** What the actor may not do with an account in their scope (wire contract, section 7). */
export function accountRestrictions(
  actor: Actor,
  account: Account,
  facts: AccountFacts,
  roles: Pick<Roles, 'get' | 'assignable' | 'fullAccessNames' | 'scopeKeys'>,
): Restrictions {
  if (outranks(roles.get(account.roleName), actor)) return { update: OUTRANKED, delete: OUTRANKED };
  if (account.id === actor.id) {
    const detail = 'You cannot change this on your own account';
    return {
      delete: 'You cannot delete your own account',
      attributes: Object.fromEntries(PRIVILEGED.map((power) => [power, detail])),
    };
  }
  const assignable = roles
    .assignable()
    .filter((name) => name !== account.roleName && !outranks(roles.get(name), actor));
  const isShared = !decidesAlone(actor, 'update', facts);
  const isLastAdmin = isEnabledAdmin(account, roles) && facts.anotherAdmin !== true;
  const staysAdmin = assignable.some((name) => roles.fullAccessNames().includes(name));
  return {
    ...(!decidesAlone(actor, 'delete', facts) && { delete: SHARED }),
    attributes: {
      ...(assignable.length === 0 && { roleName: 'You may not assign any other role' }),
      ...(!mayChangeScope(actor, account, roles) && { roleScope: 'You may not read any organization' }),
      ...(isShared && { enabled: SHARED, roleName: SHARED }),
    },
    ...(isLastAdmin && { conflicts: { delete: true, attributes: staysAdmin ? ['enabled'] : ['enabled', 'roleName'] } }),
  };
}

/** Whether there is anything in `role_scope` to change: an organization to name, or another key. */
const mayChangeScope = (actor: Actor, { roleScopeExtra }: Account, { scopeKeys }: Pick<Roles, 'scopeKeys'>): boolean =>
  actor.can(ORGANIZATIONS, 'read', '*') ||
  (actor.can(ORGANIZATIONS, 'read', 'org') && actor.organizationIds.length > 0) ||
  scopeKeys.size > 0 ||
  Object.keys(roleScopeExtra).length > 0;

/** The organization ids of a `role_scope`; empty when `org` is not a list of ids. */
export function organizationsIn(scope: RoleScope | undefined): string[] {
  const ids: unknown = scope?.['org'];
  if (!Array.isArray(ids)) return [];
  return [...new Set(ids.filter((id): id is string => typeof id === 'string').map((id) => id.toLowerCase()))].sort();
}

/** A `role_scope` in one spelling: `org` is a set, and an empty one is left out, as documents show it. */
export function canonicalScope(scope: unknown): unknown {
  const { org, ...extra } = scope as RoleScope;
  if (!Array.isArray(org) || !org.every((id) => typeof id === 'string')) return scope;
  return org.length === 0 ? extra : { ...extra, org: organizationsIn({ org }) };
}

/** The name of an account that is created without one: the part of its e-mail before the `@`. */
export const nameFrom = (email: string): string => email.slice(0, email.lastIndexOf('@'));

/** `role_scope` without `org`. */
export function extraIn(scope: RoleScope): RoleScope {
  return Object.fromEntries(Object.entries(scope).filter(([key]) => key !== 'org'));
}

/** Longest e-mail key in characters, as the column has it. Only folded ligatures make a key longer than its e-mail. */
const MAX_EMAIL_KEY = 320;

/** Maximum length of an e-mail, in characters (RFC 5321, 4.5.3.1.3: 256 octets with the angle brackets). */
export const MAX_EMAIL = 254;

/** Whether an account may have it: an e-mail address with a valid domain name. Its length is a rule of the column. */
export function isAccountEmail(email: string): boolean {
  const domain = asciiDomain(email.slice(email.lastIndexOf('@') + 1));
  return isMailAddress(email) && domain !== null && emailKey(email).length <= MAX_EMAIL_KEY;
}

/** Validates role, scope and e-mail of an account, in addition to the validators of the entity, for any actor. */
export function accountErrors(
  { roleName, roleScope, email }: { roleName?: string; roleScope?: RoleScope; email?: string },
  roles: Pick<Roles, 'assignable' | 'scopeKeys'>,
): ErrorObject[] {
  const errors = roleScope === undefined ? [] : scopeErrors(roleScope, roles.scopeKeys);
  if (roleName !== undefined && !roles.assignable().includes(roleName)) {
    errors.push(brokenRule('not_allowed', attributeField('role_name'), { allowed: roles.assignable() }));
  }
  if (email !== undefined && !isAccountEmail(email)) {
    errors.push(brokenRule('format', { ...attributeField('email'), wanted: EMAIL_FORM }, { expected: 'email' }));
  }
  return errors;
}

/** Maximum number of organizations of one account, which bounds the size of tokens and lists. */
const MAX_ORGANIZATIONS = 1000;

/** Validates the form of a `role_scope`: undeclared keys, and values that are not lists of strings. */
export function scopeErrors(scope: RoleScope, keys: ReadonlyMap<string, ScopeKey>): ErrorObject[] {
  const errors = new ErrorList();
  errors.fill(() => {
    for (const [key, values] of Object.entries(scope)) {
      const error = scopeKeyError(key, values, keys.get(key));
      if (error) errors.push(error);
    }
  });
  return [...errors];
}

const isStrings = (list: unknown): list is string[] =>
  Array.isArray(list) && list.every((value) => typeof value === 'string');

/** What is wrong with one key of a `role_scope`. */
function scopeKeyError(key: string, list: unknown, declared: ScopeKey | undefined): ErrorObject | undefined {
  const where = { name: `role_scope.${quoted(key)}`, source: attributePointer('role_scope') };
  const isOrg = key === 'org';
  if (!isOrg && !declared) return brokenRule(['undeclared_key', ACCOUNT_RULES.undeclared_key], where);
  if (!isStrings(list)) return brokenRule('type', { ...where, wanted: 'a list of strings' }, { expected: 'strings' });
  const maximum = declared?.maxItems ?? MAX_ORGANIZATIONS;
  if (list.length > maximum) return brokenRule('too_many', where, { maximum });
  if (isOrg) {
    const wanted = 'a list of organization ids';
    return list.every(isUuid) ? undefined : brokenRule('format', { ...where, wanted }, { expected: 'uuids' });
  }
  const strange = declared?.values ? list.filter((value) => !declared.values?.has(value)) : list.filter(isUnfit);
  if (strange.length === 0) return undefined;
  const named = strange.slice(0, MAX_NAMED).map((value) => JSON.stringify(quoted(value)));
  const text = `{name} has values that are not allowed: ${named.join(', ')}${andMore(strange)}`;
  return brokenRule(['not_allowed', { text }], where, declared?.values ? { allowed: [...declared.values] } : {});
}

/** Maximum number of values named in one error message. */
const MAX_NAMED = 5;

const andMore = (all: readonly string[]): string =>
  all.length > MAX_NAMED ? ` and ${all.length - MAX_NAMED} more` : '';

/** Ids in a sentence: a few, and how many there are besides. */
const someOf = (ids: readonly string[]): string => ids.slice(0, MAX_NAMED).join(', ') + andMore(ids);

/** In characters; no more than twice as many UTF-16 units are so few. */
const isUnfit = (value: string): boolean => value === '' || value.length > 400 || [...value].length > 200;

/** A key's own values: `constructor` and its like, which every object inherits, are no keys. */
const listIn = (scope: Readonly<Record<string, readonly string[]>>, key: string): readonly string[] =>
  Object.hasOwn(scope, key) ? (scope[key] ?? []) : [];

/** The keys besides `org` in which an update adds values that the actor does not have. */
export function beyondOwnScope(actor: Actor, before: RoleScope, after: RoleScope): string[] {
  return Object.entries(after).flatMap(([key, values]) => {
    const held = new Set([...listIn(actor.roleScope, key), ...listIn(before, key)]);
    return Array.isArray(values) && values.some((value) => !held.has(value)) ? [key] : [];
  });
}
