import type { Type } from '@nestjs/common';
import type { Operator } from '../sql/operators.js';
import type { FieldTypeRule } from './field-type-factories.js';
import type { FieldType, Schema } from './field-types.js';

/** What every entity behind a resource has: an id, and a version that each write raises by one. */
export interface Identified {
  id: string;
  version: number;
}

/** What a client may do with one property of the entity. What is not said is not allowed. */
export interface AttributeRule<Entity> {
  /** `create`: settable once, when the row is made. `always`: on every write. Absent: read-only. */
  readonly write?: 'create' | 'always';
  /** A create may leave it out although the column has neither null nor default: the service fills it in. */
  readonly optional?: boolean;
  /**
   * What a new row has in a read-only attribute, where that is not its column's default; undefined where the client
   * cannot know. A create may send that value. `sent` has the attributes by their names on the wire, not validated.
   */
  readonly initial?: (sent: Readonly<Record<string, unknown>>) => unknown;
  /** A valid value in the one spelling by which two are compared, where that of its type does not do. */
  readonly canonical?: (value: unknown) => unknown;
  /** Filter operators; equality is `filter[name]`, another one `filter[name__operator]`. */
  readonly filter?: readonly Operator[];
  /** A type of your own in place of the one that its column has: `defineFieldType`. */
  readonly type?: FieldType;
  readonly sort?: boolean;
  /** Filterable, but in no document, not in `fields` and not in `sort`. */
  readonly hidden?: boolean;
  /** Written, and never shown: a secret of the row. In no document, not in `fields`, and neither filterable nor sortable. */
  readonly writeOnly?: boolean;
  /** The filter's value is a secret: it is kept out of links. */
  readonly secret?: boolean;
  /** The read scope that an actor needs to filter by this, such as `*`. */
  readonly scope?: string;
  /** Equality compares this column with the normalised value instead, such as a case-folded key. */
  readonly compare?: { readonly column: keyof Entity & string; readonly as: (value: string) => string };
  /**
   * `match` looks through this column instead: the lower-case text of the attribute, which a trigger of the table stores
   * with `COLLATE "C"`. Without it, each row that might match is put into lower case.
   */
  readonly folded?: keyof Entity & string;
  /** No column: the repository's `computed` has the SQL. What a column would declare stands here. */
  readonly computed?: FieldTypeRule & { readonly nullable?: boolean; readonly description?: string };
  /** More of the value's JSON Schema than its type gives, for OpenAPI. */
  readonly schema?: Schema;
}

/** A filter that is no attribute; the repository's `filters` has its SQL. */
export interface FilterRule extends FieldTypeRule {
  /** `list`: comma separated or repeated values, and `null`. `whole`: the text as it is. */
  readonly takes: 'list' | 'whole';
  readonly description: string;
  readonly secret?: boolean;
  readonly scope?: string;
}

/** The entity of a join table, which leads from this resource's rows to the related ones. */
export interface Through {
  readonly entity: Type<unknown>;
  readonly from: string;
  readonly to: string;
}

/** A relationship. Related resources are named by their type, so that two definitions may name each other. */
export type RelationshipRule<Entity> =
  /** To one: `by` is the property of this entity with the related id. */
  | { readonly one: string; readonly by: keyof Entity & string }
  /** To many: `by` is the property of the related entity with this id, and an equality filter there. */
  | { readonly many: string; readonly by: string }
  /**
   * To many through a join table. `related` is the parameter of the related collection that selects them, such as
   * `filter[team_id]`; without one the relationship has no link and shows only where it is included.
   */
  | { readonly many: string; readonly through: Through; readonly related?: string };

/** What a client may do with a resource; see `docs/adding-a-resource.md`. */
export interface ResourceDefinition<Entity extends Identified> {
  /** The JSON:API type; what follows the colon is the path of the collection. */
  readonly type: `${string}:${string}`;
  readonly attributes: { readonly [Key in Exclude<keyof Entity, 'id' | 'version'> & string]?: AttributeRule<Entity> };
  readonly filters?: Readonly<Record<string, FilterRule>>;
  readonly relationships?: Readonly<Record<string, RelationshipRule<Entity>>>;
}

/** What a right can be about: one of four actions (index and show are both `read`), or an own action of a resource. */
export type Action = 'create' | 'read' | 'update' | 'delete' | (string & Record<never, never>);

/** What the layer needs to know of an actor. The application's `Actor` implements it. */
export interface ResourceActor {
  readonly id: string;
  /** The scopes in which the actor may do the action on resources of the type; empty means not at all. */
  scopes(type: string, action: Action): ReadonlySet<string>;
}
