import type { Condition, Criteria } from '../query/criteria.js';
import { hasTrigram, plainValues } from './operators.js';
import { from, orderBy, type Projection, type Source, type View } from './select.js';
import { and, ident, join, raw, sql, type Sql, TRUE } from './sql.js';

/**
 * Counted pages of few matches. All of them are found in one pass, and the page is cut from these. The plan is the same
 * for every pattern, so that connections keep it: planning takes longer than to find some 100 matches.
 */

/** Up to here one pass over the matches takes less time than to count them and to walk along the order to a page. */
export const MAX_FEW = 2_000;

function isPattern({ filter, operands }: Condition): boolean {
  const looksForText = filter.on?.operator === 'match' || filter.type.name === 'words';
  return looksForText && hasTrigram(String(plainValues(operands)[0] ?? ''));
}

/**
 * Whether a trigram index finds all that matches, so that there is no better plan for any value: pages by number, of
 * everything that contains a text.
 */
export const isFoundByTrigrams = (
  { scopeCondition }: Pick<Source, 'scopeCondition'>,
  { page, conditions }: Pick<Criteria, 'page' | 'conditions'>,
): boolean => page.mode === 'number' && conditions.length > 0 && scopeCondition === TRUE && conditions.every(isPattern);

/** The conditions for a plan that is made without their values. */
export const withOnePlan = (conditions: readonly Condition[]): Condition[] =>
  conditions.map((condition) => ({ ...condition, operands: { ...condition.operands, onePlan: true } }));

/**
 * The statement of a page by number with the total in the last column. It has at least one row, for the total; the other
 * columns are null where the page is empty, and where there are more than {@link MAX_FEW} matches.
 */
export function selectFew(
  view: View,
  { page, sort }: Pick<Criteria, 'page' | 'sort'>,
  projection: Projection,
  [offset]: readonly unknown[],
): Sql {
  const keys = sort.map(({ attribute }, i) => sql`${view.expression(attribute)} AS ${ident(`k${i}`)}`);
  const order = orderBy(sort, (_, i) => ident(`k${i}`));
  const skipped = offset === undefined ? raw('') : sql` OFFSET ${offset}`;
  return sql`WITH found AS MATERIALIZED (
      SELECT ${join([sql`row."id" AS id`, ...keys], ', ')} FROM ${from(view)}
      WHERE ${and([view.scopeCondition, ...view.conditions])} LIMIT ${raw(String(MAX_FEW + 1))}
    ), total AS MATERIALIZED (SELECT count(*)::int AS count FROM found)
    SELECT ${projection.columns}, total.count FROM total
    LEFT JOIN ((
      SELECT found.* FROM found, total WHERE total.count <= ${raw(String(MAX_FEW))}
      ORDER BY ${order} LIMIT ${raw(String(page.size + 1))}${skipped}
    ) place JOIN ${from(view)} ON row."id" = place.id) ON TRUE ORDER BY ${order}`;
}
