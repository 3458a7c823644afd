import { defineResource } from '../json-api/resource/resource.js';
import { Account } from './account.entity.js';
import { AccountResource } from './account.resource.js';

/** What one installation makes by itself: a scope is carried as what it is made of, an invitation not at all. */
const OWN_AFFAIRS: ReadonlySet<string> = new Set(['invitationExpiredAt']);
const CARRIED_COMPUTED: ReadonlySet<string> = new Set(['roleScope']);

interface Rule {
  readonly write?: string;
  readonly hidden?: boolean;
  readonly computed?: object;
}

/** The same attributes, all of which a line may carry. */
type Carried<Rules> = { readonly [Key in keyof Rules]: Omit<Rules[Key], 'write'> & { readonly write: 'create' } };

/**
 * The attributes that go from one installation to another: every column that a resource definition of accounts shows,
 * also one that a team adds, whether a client may write it or only the service does.
 */
export function carriedAttributes<const Rules extends object>(rules: Rules): Carried<Rules> {
  const all: readonly [string, Rule][] = Object.entries(rules);
  const carried = all.filter(
    ([property, { hidden, computed }]) =>
      !OWN_AFFAIRS.has(property) && hidden !== true && (computed === undefined || CARRIED_COMPUTED.has(property)),
  );
  return Object.fromEntries(
    carried.map(([property, rule]) => [property, { ...rule, write: 'create' }]),
  ) as Carried<Rules>;
}

/**
 * What of an account goes from one installation to another: what a client may write, under the same rules, and what only
 * the service writes otherwise. No route serves it. Tokens are not in it: they are worth nothing elsewhere.
 */
export const AccountTransferResource = defineResource(Account, {
  type: 'iam:accounts',
  attributes: carriedAttributes(AccountResource.rules.attributes),
});
