import type { Action } from '../../json-api/resource/resource-definition.js';

/**
 * Rights as text and as data. A right is `resource.action.scope`, such as `iam:accounts.read.org`.
 */

export type { Action };

/** The actions on every resource of this service. An own action is declared by its route: `@Requires('iam:devices', 'assign')`. */
export const ACTIONS = ['create', 'read', 'update', 'delete'] as const satisfies readonly Action[];

/** Which rows: the actor's own, those of the organizations in the actor's `role_scope.org`, or all. */
export const SCOPES = ['own', 'org', '*'] as const;
export type Scope = (typeof SCOPES)[number];

/** One right, parsed. */
export interface Right {
  /** As it stands in the roles file. */
  readonly text: string;
  /** A resource type, or `*` for every one. */
  readonly resource: string;
  /** One action, or `*` for every one. */
  readonly action: Action;
  /** Without aliases. Null on a resource of another service, which decides what its scopes mean. */
  readonly scope: Scope | null;
}

/** A resource of another service: what rights on it may name. */
export interface ForeignResource {
  readonly actions: ReadonlySet<string>;
  readonly scopes: ReadonlySet<string>;
}

/** What a roles file declares for its rights. */
export interface RightDeclarations {
  /** Resources of other services, by type. */
  readonly resources: ReadonlyMap<string, ForeignResource>;
  /** Other names of scopes. */
  readonly scopeAliases: ReadonlyMap<string, Scope>;
}

/** The scopes that are granted for each action. `*` is every action that has no entry of its own. */
export type Grants = ReadonlyMap<Action, ReadonlySet<Scope>>;

export const NO_SCOPES: ReadonlySet<Scope> = new Set();

/** A resource type, such as `iam:accounts`. */
export const RESOURCE = /^[a-z][a-z0-9_]*:[a-z][a-z0-9_]*$/;
/** Names in a roles file. 100 characters is what the column `role_name` holds. */
export const NAME = /^[a-z][a-z0-9_]{0,99}$/;

export const isScope = (text: string): text is Scope => (SCOPES as readonly string[]).includes(text);

/** `a, b and *` */
export const listed = (names: Iterable<string>): string => {
  const all = [...new Set([...names, '*'])];
  return `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;
};

/**
 * Reads one right. What is wrong with it, if anything, comes as sentences; there may be several. That a module serves the
 * resource and the action is checked later, by `RolesCheck`.
 */
export function parseRight(text: string, declared: RightDeclarations): { right: Right } | { errors: string[] } {
  const parts = text.split('.');
  const [resource, action, scope] = parts;
  if (parts.length !== 3 || resource === undefined || action === undefined || scope === undefined) {
    return { errors: [`"${text}" is not resource.action.scope`] };
  }
  const foreign = declared.resources.get(resource);
  const errors = foreign
    ? foreignErrors(resource, action, scope, foreign, declared.scopeAliases)
    : ownErrors(resource, action, scope, declared.scopeAliases);
  if (errors.length > 0) return { errors: errors.map((error) => `"${text}" has the ${error}`) };
  return { right: { text, resource, action, scope: foreign ? null : scopeOf(scope, declared.scopeAliases) } };
}

const scopeOf = (scope: string, aliases: ReadonlyMap<string, Scope>): Scope | null =>
  isScope(scope) ? scope : (aliases.get(scope) ?? null);

function ownErrors(resource: string, action: string, scope: string, aliases: ReadonlyMap<string, Scope>): string[] {
  const errors: string[] = [];
  if (resource !== '*' && !RESOURCE.test(resource)) {
    errors.push(`resource "${resource}"; write a type such as iam:accounts, or *`);
  }
  if (action !== '*' && !NAME.test(action)) errors.push(`action "${action}"; ${listed(ACTIONS)} are on every resource`);
  if (scopeOf(scope, aliases) === null) {
    errors.push(`scope "${scope}"; known are ${listed(['own', 'org', ...aliases.keys()])}`);
  }
  return errors;
}

function foreignErrors(
  resource: string,
  action: string,
  scope: string,
  { actions, scopes }: ForeignResource,
  aliases: ReadonlyMap<string, Scope>,
): string[] {
  const errors: string[] = [];
  if (action !== '*' && !actions.has(action)) {
    errors.push(`action "${action}"; resources.${resource} declares ${listed(actions)}`);
  }
  if (!scopes.has(scope) && !scopes.has(aliases.get(scope) ?? '')) {
    errors.push(`scope "${scope}"; resources.${resource} declares ${[...scopes].join(', ')}`);
  }
  return errors;
}

/**
 * The grants that rights give on one resource type of this service. The scope `*` covers every row, so it excludes the
 * narrower ones, which need not be joined in a WHERE clause.
 */
export function grantsOn(type: string, rights: readonly Right[]): Grants {
  const onType = rights.filter(({ resource, scope }) => scope !== null && (resource === type || resource === '*'));
  const actions = new Set<Action>(['*', ...onType.map(({ action }) => action)]);
  return new Map([...actions].map((action) => [action, scopesFor(action, onType)]));
}

function scopesFor(action: Action, rights: readonly Right[]): ReadonlySet<Scope> {
  const granting = rights.filter((right) => right.action === action || right.action === '*');
  const scopes = new Set(granting.flatMap(({ scope }) => scope ?? []));
  return scopes.has('*') ? new Set<Scope>(['*']) : scopes;
}
