import type { Condition, Criteria } from '../query/criteria.js';
import type { Fault } from '../document/errors.js';
import { rowColumn } from './keyset.js';
import type { Operand } from '../resource/field-types.js';
import { OPERATORS } from './operators.js';
import type { Attribute } from '../resource/attributes.js';
import { FALSE, type Sql } from './sql.js';

/** The SQL of a filter on an attribute; `expression` gives the SQL of the attribute's value. */
export function attributeCondition({ filter, operands }: Condition, expression: (attribute: Attribute) => Sql): Sql {
  // A filter of the repository's own, which it was asked for first.
  if (!filter.on) return FALSE;
  const { attribute, operator, compare } = filter.on;
  if (!compare) return OPERATORS[operator].sql(expression(attribute), operands, filter.kind);
  const normalised = (operand: Operand): Operand =>
    'value' in operand ? { value: compare.as(String(operand.value)) } : operand;
  const values = operands.values.map(normalised);
  return OPERATORS[operator].sql(rowColumn(compare.column), { ...operands, values }, filter.kind);
}

/** Faults of filters that need a scope of the right to read that the caller does not have. */
export const filtersOutOfScope = ({ conditions }: Criteria, scopes: ReadonlySet<string>): Fault[] =>
  conditions
    .filter(({ filter }) => filter.scope !== undefined && !scopes.has(filter.scope))
    .map(({ parameter }) => ({
      code: 'forbidden',
      detail: `You may not filter by ${parameter}`,
      source: { parameter },
    }));
