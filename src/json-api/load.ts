import type { Item, Page, ResourceRow } from './answer.js';
import type { Criteria, Shape } from './criteria.js';
import { loadIncluded, type LoadContext } from './include.js';
import { pageLinks, slice } from './pagination.js';
import { Plans, prepare } from './plans.js';
import { project, selectById, selectCount, selectPage, type Source } from './select.js';

/** The best plan of a page is the same for all values when there is no filter, and no rows to pass over. */
const isSteady = ({ conditions, page }: Criteria): boolean =>
  conditions.length === 0 && (page.mode === 'cursor' || page.number === 1);

const pages = new Plans((source, criteria: Criteria) => {
  const cursors = criteria.page.mode === 'cursor';
  const projection = project(source, criteria, cursors ? criteria.sort : undefined);
  return {
    cursors,
    projection,
    page: prepare(selectPage(source, criteria, projection), isSteady(criteria)),
  };
});

/** Stands in a statement for the id that each request brings. */
const ID = Symbol('id');

const items = new Plans((source, shape: Shape) => {
  const projection = project(source, shape);
  return { projection, statement: prepare(selectById(source, projection, ID), true) };
});

/** Loads one page of a collection: one statement, and one an included relationship. Outside of any transaction. */
export async function loadPage(context: Omit<LoadContext, 'tx'>, source: Source, criteria: Criteria): Promise<Page> {
  const { executor } = context;
  const plan = pages.of(source, criteria);
  const found = await executor.rows(plan.page);
  // A page beyond the last one has no row that could carry the total.
  const counted = criteria.count
    ? (found[0] ?? (await executor.rows(selectCount(source, criteria).compile()))[0])
    : undefined;
  const count = counted && Number(counted.at(-1));
  const part = slice(
    criteria,
    found.map((columns) => plan.projection.read(columns)),
  );
  return {
    rows: part.rows,
    included: criteria.include.length > 0 ? await includedWith(context, source, part.rows, criteria) : [],
    shape: criteria,
    links: pageLinks(criteria, part, count),
    cursors: plan.cursors,
    ...(count !== undefined && { count }),
  };
}

function includedWith(
  context: LoadContext,
  { resource }: Source,
  rows: readonly ResourceRow[],
  criteria: Criteria,
): Promise<ResourceRow[]> {
  const [includedBy = 'included'] = criteria.parameters.find(([name]) => name.startsWith('include')) ?? [];
  return loadIncluded({ ...context, includedBy }, resource, rows, criteria);
}

/** Loads one resource; null where the source has no row with this id. */
export async function loadItem(context: LoadContext, source: Source, id: string, shape: Shape): Promise<Item | null> {
  const { projection, statement } = items.of(source, shape);
  const values = statement.values.map((value) => (value === ID ? id : value));
  const [columns] = await context.executor.rows({ ...statement, values }, context.tx);
  if (!columns) return null;
  const row = projection.read(columns);
  const included = shape.include.length > 0 ? await loadIncluded(context, source.resource, [row], shape) : [];
  return { row, version: Number(columns.at(-1)), included, shape };
}
