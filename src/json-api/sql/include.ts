import type { Identifier, ResourceRow } from '../document/response.js';
import type { Selection } from '../query/criteria.js';
import { apiError, type ApiError } from '../document/errors.js';
import { selectionForm, type StatementCache } from './statement-cache.js';
import { LIMITS } from '../limits.js';
import type { Link, Relationship } from '../resource/relationships.js';
import { type AnyResource, columnOf } from '../resource/resource.js';
import { project, selectByIds, selectRelated, type Source } from './select.js';
import { columnSql, type Executor, ident, type Sql, sql, type Transaction } from './sql.js';

/** How many linkages all rows of a page may have through one relationship, where many rows lead to the same few. */
const MAX_LINKAGES = 100_000;

/** What loading needs: how to run statements, and the actor's view of each resource. */
export interface LoadContext {
  readonly executor: Executor;
  readonly statements: StatementCache;
  readonly tx?: Transaction;
  source(type: string): Source;
}

/** What a relationship is loaded for. */
interface Owners {
  readonly rows: readonly ResourceRow[];
  readonly selection: Selection;
  /** Maximum number of related rows. */
  readonly max: number;
}

const identifier = ({ type, id }: Identifier): Identifier => ({ type, id });

function belongs(link: Extract<Link, { cardinality: 'many' }>, resource: AnyResource): Sql {
  if ('table' in link) {
    const [table, from, to] = [link.table, link.from, link.to].map(ident) as [Sql, Sql, Sql];
    return sql`row."id" IN (SELECT link.${to} FROM ${table} link WHERE link.${from} = owner.id)`;
  }
  return sql`${columnSql(columnOf(resource.type, resource, link.property))} = owner.id`;
}

async function includeOne(
  { executor, statements, source, tx }: LoadContext,
  { name, target }: Relationship,
  { rows, selection }: Owners,
): Promise<ResourceRow[]> {
  const ids = [...new Set(rows.flatMap((row) => row.keys.get(name) ?? []))];
  const { resource, ...rest } = source(target);
  const { statement, read } = statements.of(
    { resource, ...rest },
    { form: `some ${selectionForm(resource, selection)}`, values: [ids] },
    (view, [value]) => {
      const projection = project(view, selection);
      return { projection, statement: selectByIds(view, projection, value) };
    },
  );
  const found = ids.length === 0 ? [] : await executor.rows(statement, tx);
  const related = new Map(found.map(read).map((row) => [row.id, row]));
  for (const row of rows) {
    const other = related.get(row.keys.get(name) ?? '');
    row.linkage.set(name, other ? identifier(other) : null);
  }
  return [...related.values()];
}

async function includeMany(
  { executor, statements, source, tx }: LoadContext,
  { name, target, link }: Relationship,
  { rows, selection, max }: Owners,
): Promise<ResourceRow[]> {
  if (link.cardinality !== 'many') return [];
  const owners = rows.map(({ id }) => id);
  const view = source(target);
  const { statement, read } = statements.of(
    view,
    { form: `related ${name} ${selectionForm(view.resource, selection)}`, values: [owners, max + 1] },
    (made, [ids, limit]) => {
      const projection = project(made, selection);
      const limits = { ofOne: LIMITS.relatedResources, pairs: MAX_LINKAGES + 1 };
      return {
        projection,
        statement: selectRelated(made, projection, ids, belongs(link, made.resource), limits, limit),
      };
    },
  );
  const found = await executor.rows(statement, tx);
  const linkage = new Map<string, Identifier[]>(owners.map((id) => [id, []]));
  let linkages = 0;
  const related = found.map(([ids, ...columns]) => {
    const row = read(columns);
    for (const owner of ids as string[]) linkage.get(owner)?.push(identifier(row));
    linkages += (ids as string[]).length;
    return row;
  });
  if (related.length > max || linkages > MAX_LINKAGES) throw tooMany(selection);
  for (const row of rows) row.linkage.set(name, linkage.get(row.id) ?? []);
  return related;
}

const tooMany = ({ includedBy = 'included' }: Selection): ApiError =>
  apiError(
    'invalid_parameter',
    `A document includes at most ${LIMITS.includedResources} resources; ask for a smaller page`,
    { parameter: includedBy },
  );

/**
 * Loads the included relationships, one statement each, sets the linkage of the rows, and gives every included
 * resource once (JSON:API 1.1, compound documents). Only rows in the actor's scope are linked or included.
 * @throws ApiError 400 for more related rows than one document may contain
 */
export async function loadIncluded(
  context: LoadContext,
  resource: AnyResource,
  rows: readonly ResourceRow[],
  selection: Selection,
): Promise<ResourceRow[]> {
  const included: ResourceRow[] = [];
  if (rows.length === 0) return included;
  const seen = new Set(rows.map(({ type, id }) => `${type} ${id}`));
  for (const name of selection.include) {
    const relationship = resource.relationships.get(name);
    if (!relationship) continue;
    const load = relationship.link.cardinality === 'one' ? includeOne : includeMany;
    // What is seen already may be found once more, and is not included a second time.
    const max = LIMITS.includedResources - included.length + seen.size;
    for (const row of await load(context, relationship, { rows, selection, max })) {
      const key = `${row.type} ${row.id}`;
      if (!seen.has(key)) included.push(row);
      seen.add(key);
    }
    if (included.length > LIMITS.includedResources) throw tooMany(selection);
  }
  return included;
}
