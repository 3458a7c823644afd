import type { Type } from '@nestjs/common';
import { columnsOf, snakeCase, tableName } from './attributes.js';
import type { RelationshipRule } from './resource-definition.js';

/** How related rows are found, in names of the database. */
export type Link =
  /** `column` of this table holds the related id. */
  | { readonly cardinality: 'one'; readonly column: string }
  /** `column` of the related table holds this id. */
  | { readonly cardinality: 'many'; readonly column: string }
  /** The join table leads from this id (`from`) to the related id (`to`). */
  | { readonly cardinality: 'many'; readonly table: string; readonly from: string; readonly to: string };

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

function joinTable(where: string, rule: { entity: Type<unknown>; from: string; to: string }): Link {
  const columns = columnsOf(rule.entity);
  for (const property of [rule.from, rule.to]) {
    if (!columns.has(property)) throw new TypeError(`${where}: ${rule.entity.name} has no column "${property}"`);
  }
  return {
    cardinality: 'many',
    table: tableName(rule.entity),
    from: snakeCase(rule.from),
    to: snakeCase(rule.to),
  };
}

/**
 * Reads the table's relationships. Attributes and relationships share one namespace (JSON:API 1.1, "fields").
 * @throws TypeError that names the relationship and its error.
 */
export function compileRelationships(entity: Type<unknown>, rules: Rules): Map<string, Relationship> {
  const columns = columnsOf(entity);
  const taken = new Set(Object.keys(rules.attributes).map(snakeCase));
  return new Map(
    Object.entries(rules.relationships ?? {}).map(([name, rule]): [string, Relationship] => {
      const where = `${rules.type}: relationship "${name}"`;
      if (taken.has(name) || name === 'id' || name === 'type') {
        throw new TypeError(`${where} has the name of an attribute`);
      }
      if ('one' in rule) {
        if (!columns.has(rule.by)) throw new TypeError(`${where}: ${entity.name} has no column "${String(rule.by)}"`);
        return [name, { name, target: rule.one, link: { cardinality: 'one', column: snakeCase(rule.by) } }];
      }
      if ('through' in rule) {
        const link = joinTable(where, rule.through);
        return [name, { name, target: rule.many, link, ...(rule.related && { parameter: rule.related }) }];
      }
      const column = snakeCase(rule.by);
      return [name, { name, target: rule.many, link: { cardinality: 'many', column }, parameter: `filter[${column}]` }];
    }),
  );
}
