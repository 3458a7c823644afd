import type { Identifier, ResourceRow } from './answer.js';
import type { Shape } from './criteria.js';
import { refuse } from './errors.js';
import type { Executor } from './executor.js';
import { rowColumn } from './keyset.js';
import { LIMITS } from './limits.js';
import type { Link, Relationship } from './resource.relationships.js';
import type { AnyResource } from './resource.js';
import { project, selectByIds, selectRelated, type Source } from './select.js';
import { ident, sql, type Sql } from './sql.js';
import type { Transaction } from './transaction.js';

/** How many related rows all rows of a page include through one relationship: what an answer may hold in memory. */
const MAX_INCLUDED = 100_000;

/** What loading needs: how to run statements, and the caller's view of each resource. */
export interface LoadContext {
  readonly executor: Executor;
  readonly tx?: Transaction;
  /** The parameter that asks for what is included, as it was sent. */
  readonly includedBy?: string;
  source(type: string): Source;
}

const identifier = ({ type, id }: Identifier): Identifier => ({ type, id });

function belongs(link: Extract<Link, { cardinality: 'many' }>): Sql {
  if ('table' in link) {
    const [table, from, to] = [link.table, link.from, link.to].map(ident) as [Sql, Sql, Sql];
    return sql`row."id" IN (SELECT link.${to} FROM ${table} link WHERE link.${from} = owner.id)`;
  }
  return sql`${rowColumn(link.column)} = owner.id`;
}

async function includeOne(
  context: LoadContext,
  rows: readonly ResourceRow[],
  { name, target }: Relationship,
  shape: Shape,
): Promise<ResourceRow[]> {
  const source = context.source(target);
  const projection = project(source, shape);
  const ids = [...new Set(rows.flatMap((row) => row.keys.get(name) ?? []))];
  const found =
    ids.length === 0 ? [] : await context.executor.rows(selectByIds(source, projection, ids).compile(), context.tx);
  const related = new Map(found.map((columns) => projection.read(columns)).map((row) => [row.id, row]));
  for (const row of rows) {
    const other = related.get(row.keys.get(name) ?? '');
    row.linkage.set(name, other ? identifier(other) : null);
  }
  return [...related.values()];
}

async function includeMany(
  context: LoadContext,
  rows: readonly ResourceRow[],
  { name, target, link }: Relationship,
  shape: Shape,
): Promise<ResourceRow[]> {
  if (link.cardinality !== 'many') return [];
  const source = context.source(target);
  const projection = project(source, shape);
  const owners = rows.map(({ id }) => id);
  const statement = selectRelated(source, projection, owners, belongs(link), LIMITS.relatedResources, MAX_INCLUDED + 1);
  const found = await context.executor.rows(statement.compile(), context.tx);
  if (found.length > MAX_INCLUDED) {
    const detail = `${name} of this many rows are more than ${MAX_INCLUDED}; ask for a smaller page`;
    throw refuse('invalid_parameter', detail, { parameter: context.includedBy ?? 'included' });
  }
  const linkage = new Map<string, Identifier[]>(owners.map((id) => [id, []]));
  const related: ResourceRow[] = [];
  for (const [owner, ...columns] of found) {
    const row = projection.read(columns);
    linkage.get(owner as string)?.push(identifier(row));
    related.push(row);
  }
  for (const row of rows) row.linkage.set(name, linkage.get(row.id) ?? []);
  return related;
}

/**
 * Loads the included relationships, one statement each, sets the linkage of the rows, and gives every included
 * resource once (JSON:API 1.1, compound documents). Only rows in the caller's reach are linked or included.
 * @throws JsonApiException 400 for more related rows than one answer may hold
 */
export async function loadIncluded(
  context: LoadContext,
  resource: AnyResource,
  rows: readonly ResourceRow[],
  shape: Shape,
): Promise<ResourceRow[]> {
  const included: ResourceRow[] = [];
  if (rows.length === 0) return included;
  const seen = new Set(rows.map(({ type, id }) => `${type} ${id}`));
  for (const name of shape.include) {
    const relationship = resource.relationships.get(name);
    if (!relationship) continue;
    const load = relationship.link.cardinality === 'one' ? includeOne : includeMany;
    for (const row of await load(context, rows, relationship, shape)) {
      const key = `${row.type} ${row.id}`;
      if (!seen.has(key)) included.push(row);
      seen.add(key);
    }
  }
  return included;
}
