import { attributePointer, type ErrorObject } from '../document/errors.js';
import { snakeCase } from './columns.js';
import type { AnyResource } from './resource.js';

/** The rules on rows: what an actor may do with one. Writes are rejected by them, and `meta.can` is computed from them. */

/** What only the database knows about a row, by name. What was not loaded is missing. */
export type Facts = Readonly<Record<string, boolean>>;

/** What an actor may not do with a row in their scope, whatever the values; each with the detail of its error (403). */
export interface Restrictions {
  /** Against every change. */
  readonly update?: string;
  readonly delete?: string;
  /** By name: against an own action of the resource. */
  readonly actions?: Readonly<Record<string, string>>;
  /** By property: against a change of this attribute. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** What a write rejects with 409, after it has looked again under a lock. Only `meta.can` is computed from it. */
  readonly conflicts?: {
    readonly delete?: boolean;
    /** Properties. */
    readonly attributes?: readonly string[];
  };
}

/** What one of them forbids. Of two details for the same, the first counts. */
export function mergeRestrictions(all: readonly Restrictions[]): Restrictions {
  const [first = {}, ...others] = all;
  return others.reduce<Restrictions>(
    (merged, next) => ({
      ...next,
      ...merged,
      attributes: { ...next.attributes, ...merged.attributes },
      actions: { ...next.actions, ...merged.actions },
      conflicts: {
        delete: merged.conflicts?.delete === true || next.conflicts?.delete === true,
        attributes: [...(merged.conflicts?.attributes ?? []), ...(next.conflicts?.attributes ?? [])],
      },
    }),
    first,
  );
}

/** The rules on rows of one resource. */
export type Restrict<Actor, Row> = (actor: Actor, row: Row, facts: Facts) => Restrictions;

/** `meta.can` of a resource object. */
export interface Permissions {
  readonly update: boolean;
  readonly delete: boolean;
  /** Names of the attributes that may be changed. */
  readonly attributes: readonly string[];
  /** The own actions of the resource that may be done; absent where it has none. */
  readonly actions?: readonly string[];
}

/**
 * The permissions on a row: what the scopes of the actor's rights allow, less the restrictions.
 * @param inScope by action: `update`, `delete`, and the own ones of the resource
 */
export function permissionsOf(
  resource: AnyResource,
  { update = false, delete: mayDelete = false, ...own }: Readonly<Record<string, boolean>>,
  restrictions: Restrictions,
): Permissions {
  const { attributes = {}, actions = {}, conflicts = {} } = restrictions;
  const isOpen = (property: string): boolean =>
    attributes[property] === undefined && conflicts.attributes?.includes(property) !== true;
  const mayUpdate = update && restrictions.update === undefined;
  const open = [...resource.attributes.values()].flatMap(({ name, property, write }) =>
    mayUpdate && write === 'always' && isOpen(property) ? [name] : [],
  );
  return {
    update: open.length > 0,
    delete: mayDelete && restrictions.delete === undefined && conflicts.delete !== true,
    attributes: open,
    ...(Object.keys(own).length > 0 && {
      actions: Object.keys(own).filter((action) => own[action] === true && actions[action] === undefined),
    }),
  };
}

/** The errors of the restricted attributes among the values of a write, and the other values. */
export function separateRestricted<Values extends object>(
  values: Values,
  { attributes = {} }: Restrictions,
): { errors: ErrorObject[]; open: Values } {
  const open = { ...values };
  const errors: ErrorObject[] = [];
  for (const property of Object.keys(values)) {
    const detail = attributes[property];
    if (detail === undefined) continue;
    errors.push({ code: 'forbidden', detail, source: attributePointer(snakeCase(property)) });
    Reflect.deleteProperty(open, property);
  }
  return { errors, open };
}
