import type { Right, Scope } from './rights.js';

/** What one right covers of another, and what two lists of rights have in common: the rights of API keys. */

/** The scope of a right as it is written. On a resource of another service it means what that service says. */
const scopeText = ({ text }: Right): string => text.slice(text.lastIndexOf('.') + 1);

/** What names are compared by: a scope under another name is the same scope. */
const scopeName = (right: Right): string => right.scope ?? scopeText(right);

const isForeign = ({ scope }: Right): boolean => scope === null;

/** Of two names the narrower one, where `*` is every name; undefined where they have nothing in common. */
function narrower(left: string, right: string): string | undefined {
  if (left === '*' || left === right) return right;
  return right === '*' ? left : undefined;
}

/**
 * What two rights have in common; undefined where that is nothing. `own` and `org` have nothing in common, since an
 * account's own rows may lie in no organization. What another service owns is covered by a right to every row of every
 * resource, and by no other right of this service.
 */
function commonRight(left: Right, right: Right): Right | undefined {
  const foreign = [left, right].find(isForeign);
  const other = [left, right].find((one) => !isForeign(one));
  if (foreign && other && (other.resource !== '*' || other.scope !== '*')) return undefined;
  const resource = narrower(left.resource, right.resource);
  const action = narrower(left.action, right.action);
  const scope = narrower(scopeName(left), scopeName(right));
  if (resource === undefined || action === undefined || scope === undefined) return undefined;
  const written = scopeName(left) === scope ? scopeText(left) : scopeText(right);
  return {
    text: `${resource}.${action}.${written}`,
    resource,
    action,
    scope: foreign ? null : (scope as Scope),
  };
}

const isSame = (left: Right, right: Right): boolean =>
  left.resource === right.resource &&
  left.action === right.action &&
  scopeName(left) === scopeName(right) &&
  isForeign(left) === isForeign(right);

/** Whether a right is a part of another. */
export function coversRight(held: Right, asked: Right): boolean {
  const common = commonRight(held, asked);
  return common !== undefined && isSame(common, asked);
}

/** Whether one of these rights covers another one as a whole. */
export const coverRight = (held: readonly Right[], asked: Right): boolean =>
  held.some((right) => coversRight(right, asked));

/** The rights that two lists have in common, none of which another one covers. */
export function commonRights(left: readonly Right[], right: readonly Right[]): Right[] {
  const common = left.flatMap((one) => right.flatMap((other) => commonRight(one, other) ?? []));
  const distinct = common.filter((one, at) => common.findIndex((other) => isSame(one, other)) === at);
  return distinct.filter((one) => !distinct.some((other) => other !== one && coversRight(other, one)));
}
