import { order, passes, type TypeName, type Operator } from '../../src/testing/contract/semantics.js';

/** Accounts as plain objects in memory, and what the wire contract says that a list of them holds. */

/** The attributes of an account that can be filtered or sorted by, and their kinds. */
export const ATTRIBUTES = {
  id: 'uuid',
  name: 'string',
  email: 'string',
  sso_channel: 'string',
  enabled: 'boolean',
  role_name: 'string',
  role_scope: 'json',
  picture_url: 'string',
  locale: 'string',
  joined_at: 'time',
  invitation_expired_at: 'time',
  created_at: 'time',
  updated_at: 'time',
} as const satisfies Record<string, TypeName>;

export type AttributeName = keyof typeof ATTRIBUTES;

/** The filters of the reference and of the wire contract, section 2. */
export const FILTERS: readonly (readonly [AttributeName, readonly Operator[]])[] = [
  ['id', ['eq', 'in']],
  ['name', ['eq', 'match']],
  ['email', ['eq', 'in', 'match']],
  ['sso_channel', ['eq']],
  ['enabled', ['eq']],
  ['role_name', ['eq', 'in', 'nin']],
  ['role_scope', ['eq']],
  ['picture_url', ['eq']],
  ['locale', ['eq']],
  ['joined_at', ['eq', 'gte', 'lte']],
  ['invitation_expired_at', ['eq']],
  ['created_at', ['eq', 'gte', 'lte']],
  ['updated_at', ['eq']],
];

export type RoleScope = Readonly<Record<string, readonly string[]>>;

/** An account with the values that a document carries. */
export type Account = Readonly<Record<Exclude<AttributeName, 'role_scope'>, string | boolean | null>> & {
  readonly role_scope: RoleScope;
};

/** The actor: which organizations and which accounts it reads. */
export interface Reader {
  readonly name: string;
  readonly organizations: ReadonlySet<string> | 'all';
  readonly accounts: (account: Account) => boolean;
}

/** One filter, with the texts of its values. */
export type Condition =
  | { readonly attribute: AttributeName; readonly operator: Operator; readonly texts: readonly string[] }
  | { readonly search: string }
  | { readonly scope: RoleScope };

export interface SortKey {
  readonly attribute: AttributeName;
  readonly descending: boolean;
}

/** The account as this reader sees it: `role_scope` names no organization that they may not read. */
function seenBy({ organizations }: Reader, account: Account): Account {
  if (organizations === 'all') return account;
  const { org = [], ...rest } = account.role_scope;
  const readable = org.filter((id) => organizations.has(id));
  return { ...account, role_scope: readable.length > 0 ? { ...rest, org: readable } : rest };
}

const contains = (whole: RoleScope, part: RoleScope): boolean =>
  Object.entries(part).every(([key, values]) => {
    const held = whole[key];
    return held !== undefined && values.every((value) => held.includes(value));
  });

/** E-mails compare without case. */
const fold = (text: string): string => text.trim().normalize('NFKC').toLowerCase();

function meets(account: Account, condition: Condition): boolean {
  if ('scope' in condition) return contains(account.role_scope, condition.scope);
  if ('search' in condition) {
    const words = condition.search.split(/\s+/u).filter((word) => word !== '');
    const occurs = (word: string): boolean =>
      (['name', 'email'] as const).some((name) => passes('string', 'match', account[name], [word]));
    return words.every(occurs);
  }
  const { attribute, operator, texts } = condition;
  const folded = attribute === 'email' && operator !== 'match';
  const value = folded ? fold(String(account.email)) : account[attribute];
  return passes(ATTRIBUTES[attribute], operator, value, folded ? texts.map(fold) : texts);
}

/** The ids of the accounts that a reader finds, in order. The order is total: ties are broken by the id. */
export function list(
  accounts: readonly Account[],
  reader: Reader,
  conditions: readonly Condition[],
  sort: readonly SortKey[],
): string[] {
  const keys = [...sort, { attribute: 'id', descending: sort.at(-1)?.descending ?? false } as const];
  return accounts
    .filter(reader.accounts)
    .map((account) => seenBy(reader, account))
    .filter((account) => conditions.every((condition) => meets(account, condition)))
    .toSorted((left, right) => {
      for (const { attribute, descending } of keys) {
        const way = order(ATTRIBUTES[attribute], left[attribute], right[attribute]);
        if (way !== 0) return descending ? -way : way;
      }
      return 0;
    })
    .map(({ id }) => String(id));
}
