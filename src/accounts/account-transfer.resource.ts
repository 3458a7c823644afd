import { type AnyResource, defineResource } from '../json-api/resource/resource.js';
import { extended, type ResourceExtension } from '../json-api/resource/resource-extension.js';
import { Account } from './account.entity.js';
import { AccountResource } from './account.resource.js';

/** Attributes that are not transferred: an invitation is only valid in the installation that issued it. */
const OWN_AFFAIRS: ReadonlySet<string> = new Set(['invitationExpiredAt']);
const CARRIED_COMPUTED: ReadonlySet<string> = new Set(['roleScope']);

interface Rule {
  readonly write?: string;
  readonly hidden?: boolean;
  readonly computed?: object;
}

/** The same attributes, all writable on import. */
type Carried<Rules> = { readonly [Key in keyof Rules]: Omit<Rules[Key], 'write'> & { readonly write: 'create' } };

/**
 * The attributes that are transferred between installations: every column that a resource definition shows, whether a
 * client may write it or only the service does.
 */
function carriedAttributes<const Rules extends object>(rules: Rules): Carried<Rules> {
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
 * The attributes of an account that are transferred between installations: those that a client may write, under the same rules, and those that only
 * the service writes. No route serves this resource. Tokens are not transferred, since they are only valid where they were issued.
 */
export const AccountTransferResource = defineResource(Account, {
  type: 'iam:accounts',
  attributes: carriedAttributes(AccountResource.rules.attributes),
});

/** The same with the attributes that extensions add to accounts. */
export const transferResource = (extensions: readonly ResourceExtension[] = []): AnyResource =>
  extended(
    AccountTransferResource,
    extensions
      .filter(({ on }) => on.type === AccountTransferResource.type)
      .map((extension) => ({
        ...extension,
        attributes: carriedAttributes(extension.attributes),
        relationships: {},
      })),
  );
