import type { Type } from '@nestjs/common';
import { columnName, hasDeletedColumn, type SideTable, snakeCase, tableName } from './columns.js';
import type { RelationshipRule, Through } from './resource-definition.js';

/** How related rows are found, in names of the database. */
export type Link =
  /** `column` of this table holds the related id. */
  | { readonly cardinality: 'one'; readonly column: string; readonly side?: SideTable }
  /** The column of `property` of the related entity holds this id. */
  | { readonly cardinality: 'many'; readonly property: string }
  | JoinTable;

/** The join table leads from this id (`from`) to the related id (`to`). */
export interface JoinTable {
  readonly cardinality: 'many';
  readonly entity: Type<unknown>;
  readonly table: string;
  readonly from: string;
  readonly to: string;
}

/** One relationship, compiled. */
export interface Relationship {
  readonly name: string;
  /** Type of the related resource. */
  readonly target: string;
  readonly link: Link;
  /** The query parameter of the related collection that selects the related rows; only for to-many. */
  readonly parameter?: string;
}

interface Rules {
  readonly type: string;
  readonly attributes: object;
  readonly relationships?: Readonly<Record<string, RelationshipRule<never>>>;
}

function joinTable(where: string, { entity, from, to }: Through): JoinTable {
  if (hasDeletedColumn(entity)) {
    throw new TypeError(
      `${where}: ${entity.name} has a @DeleteDateColumn(); remove it, and delete rows of a join table`,
    );
  }
  return {
    cardinality: 'many',
    entity,
    table: tableName(entity),
    from: columnName(where, entity, from),
    to: columnName(where, entity, to),
  };
}

/**
 * Reads the table's relationships. Attributes and relationships share one namespace (JSON:API 1.1, "fields").
 * @throws TypeError that names the relationship and its error.
 */
export function compileRelationships(entity: Type<unknown>, rules: Rules): Map<string, Relationship> {
  const taken = new Set(Object.keys(rules.attributes).map(snakeCase));
  return new Map(
    Object.entries(rules.relationships ?? {}).map(([name, rule]): [string, Relationship] => {
      const where = `${rules.type}: relationship "${name}"`;
      if (taken.has(name) || name === 'id' || name === 'type') {
        throw new TypeError(`${where} has the name of an attribute`);
      }
      if ('one' in rule) {
        const column = columnName(where, entity, rule.by);
        return [name, { name, target: rule.one, link: { cardinality: 'one', column } }];
      }
      if ('through' in rule) {
        const link = joinTable(where, rule.through);
        return [name, { name, target: rule.many, link, ...(rule.related && { parameter: rule.related }) }];
      }
      const link = { cardinality: 'many', property: rule.by } as const;
      return [name, { name, target: rule.many, link, parameter: `filter[${snakeCase(rule.by)}]` }];
    }),
  );
}
