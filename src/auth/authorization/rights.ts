/**
 * Rights as text and as data. A right is `resource.action.scope`, such as `iam:accounts.read.org`.
 */

/** The actions on a resource. */
export const ACTIONS = ['create', 'read', 'update', 'delete'] as const;
export type Action = (typeof ACTIONS)[number];

/** Which rows: the actor's own, those of the organizations in the actor's `role_scope.org`, or all. */
export const SCOPES = ['own', 'org', '*'] as const;
export type Scope = (typeof SCOPES)[number];

/** One right, parsed. */
export interface Right {
  /** As it stands in the roles file. */
  readonly text: string;
  /** A resource type, or `*` for every one. */
  readonly resource: string;
  readonly actions: readonly Action[];
  readonly scope: Scope;
}

/** The scopes that are granted for each action. */
export type Grants = Readonly<Record<Action, ReadonlySet<Scope>>>;

const RESOURCE = /^[a-z][a-z0-9_]*:[a-z][a-z0-9_]*$/;

const isAction = (text: string): text is Action => (ACTIONS as readonly string[]).includes(text);
const isScope = (text: string): text is Scope => (SCOPES as readonly string[]).includes(text);

/** Reads one right. What is wrong with it, if anything, comes as sentences; there may be several. */
export function parseRight(text: string): { right: Right } | { errors: string[] } {
  const parts = text.split('.');
  const [resource, action, scope] = parts;
  if (parts.length !== 3 || resource === undefined || action === undefined || scope === undefined) {
    return { errors: [`"${text}" is not resource.action.scope`] };
  }
  const errors: string[] = [];
  if (resource !== '*' && !RESOURCE.test(resource)) {
    errors.push(`"${text}" has the resource "${resource}"; write a type such as iam:accounts, or *`);
  }
  const actions = action === '*' ? ACTIONS : isAction(action) ? [action] : [];
  if (actions.length === 0) errors.push(`"${text}" has the action "${action}"; known are ${ACTIONS.join(', ')} and *`);
  if (!isScope(scope)) {
    errors.push(`"${text}" has the scope "${scope}"; known are own, org and *`);
    return { errors };
  }
  return errors.length > 0 ? { errors } : { right: { text, resource, actions, scope } };
}

/**
 * The grants that rights give on one resource type. The scope `*` covers every row, so it excludes the
 * narrower ones, which need not be joined in a WHERE clause.
 */
export function grantsOn(type: string, rights: readonly Right[]): Grants {
  const scopesOf = (action: Action): ReadonlySet<Scope> => {
    const scopes = new Set(
      rights
        .filter((right) => (right.resource === type || right.resource === '*') && right.actions.includes(action))
        .map((right) => right.scope),
    );
    return scopes.has('*') ? new Set<Scope>(['*']) : scopes;
  };
  return {
    create: scopesOf('create'),
    read: scopesOf('read'),
    update: scopesOf('update'),
    delete: scopesOf('delete'),
  };
}
