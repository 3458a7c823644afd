import type { Item, Page, ResourceRow } from '../document/response.js';
import type { Criteria, Selection } from '../query/criteria.js';
import type { Columns, Reading } from './sql.js';
import { isFoundByTrigrams, MAX_FEW, selectFew, withOnePlan } from './few.js';
import { pageForm, selectionForm } from './statement-cache.js';
import { loadIncluded, type LoadContext } from './include.js';
import { pageLinks, slice } from '../query/pagination.js';
import { pageValues, project, selectById, selectCount, selectPage, type Source, viewOf } from './select.js';

/** The best plan of a page is the same for all values when there is no filter, and no rows to pass over. */
const hasStablePlan = ({ conditions, page }: Criteria): boolean =>
  conditions.length === 0 && (page.mode === 'cursor' || page.number === 1);

/**
 * Loads one page of a collection: one statement, two where a text is looked for and many rows have it, and one an included
 * relationship. Outside of any transaction.
 */
export async function loadPage(context: Omit<LoadContext, 'tx'>, source: Source, criteria: Criteria): Promise<Page> {
  const { rows, count } =
    (criteria.count && isFoundByTrigrams(source, criteria) && (await findFew(context, source, criteria))) ||
    (await findPage(context, source, criteria));
  const part = slice(criteria, rows);
  return {
    rows: part.rows,
    included: criteria.include.length > 0 ? await loadIncluded(context, source.resource, part.rows, criteria) : [],
    selection: criteria,
    links: pageLinks(criteria, part, count),
    cursors: criteria.page.mode === 'cursor',
    ...(count !== undefined && { count }),
  };
}

/** Rows of a page, with one more if there is a next page, and the total if it is asked for. */
interface Found {
  readonly rows: readonly ResourceRow[];
  readonly count?: number;
}

/** A counted page of few matches; null when there are more. */
async function findFew(
  { executor, statements }: Omit<LoadContext, 'tx'>,
  source: Source,
  criteria: Criteria,
): Promise<Found | null> {
  const { statement, read } = statements.of(
    source,
    {
      form: `few ${pageForm(source.resource, criteria)}`,
      conditions: withOnePlan(criteria.conditions),
      values: pageValues(criteria),
      prepare: 'requested',
      onePlan: true,
    },
    (view, values) => {
      const projection = project(view, criteria);
      return { projection, statement: selectFew(view, criteria, projection, values) };
    },
  );
  const found = await executor.rows(statement);
  const count = Number(found[0]?.at(-1));
  return count > MAX_FEW ? null : { rows: found.filter(([written]) => written !== null).map(read), count };
}

async function findPage(context: Omit<LoadContext, 'tx'>, source: Source, criteria: Criteria): Promise<Found> {
  const { executor, statements } = context;
  const { conditions, page } = criteria;
  const { statement, read } = statements.of(
    source,
    {
      form: pageForm(source.resource, criteria),
      conditions,
      values: pageValues(criteria),
      ...(hasStablePlan(criteria) && { prepare: 'requested' }),
    },
    (view, values) => {
      const projection = project(view, criteria, page.mode === 'cursor' ? criteria.sort : undefined);
      return { projection, statement: selectPage(view, criteria, projection, values) };
    },
  );
  const found = await executor.rows(statement);
  // A page beyond the last one has no row that could carry the total.
  const counted = criteria.count ? (found[0] ?? (await loadCount(context, source, criteria))) : undefined;
  return { rows: found.map(read), ...(counted && { count: Number(counted.at(-1)) }) };
}

/** The exact total, as the only column of a row. */
async function loadCount({ executor }: LoadContext, source: Source, criteria: Criteria): Promise<Columns> {
  const view = viewOf(source, criteria.conditions.map(source.condition));
  const [columns = []] = await executor.rows(selectCount(view).compile());
  return columns;
}

/** Loads one resource; null where the source has no row with this id. */
export async function loadResource(
  context: LoadContext,
  source: Source,
  id: string,
  selection: Selection,
): Promise<Item | null> {
  const { executor, statements, tx } = context;
  const form = `one ${selectionForm(source.resource, selection)}`;
  const isWhole = !selection.fields.has(source.resource.type) && selection.include.length === 0;
  const { statement, read } = statements.of(
    source,
    { form, values: [id], prepare: isWhole ? 'fixed' : 'requested' },
    (view, [value]) => {
      const projection = project(view, selection);
      return { projection, statement: selectById(view, projection, value) };
    },
  );
  const [columns] = await executor.rows(statement, tx);
  if (!columns) return null;
  const row = read(columns);
  const included = selection.include.length > 0 ? await loadIncluded(context, source.resource, [row], selection) : [];
  return { row, included, selection };
}

/**
 * The read of one resource at the end of a transaction. The COMMIT waits for one that decides something, and for one with
 * relationships: of several statements only the first would come before it.
 * @param isDecided whether the transaction is committed whatever is read
 */
export async function lastRead(read: Promise<Item>, { include }: Selection, isDecided = true): Promise<Reading<Item>> {
  if (!isDecided || include.length > 0) await read;
  return { read };
}
