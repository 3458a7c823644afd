import type { Criteria, Condition, PageRequest, Selection, SortKey } from './criteria.js';
import { decodeCursor } from './pagination.js';
import { ErrorList, throwIfErrors } from '../document/errors.js';
import { type Parameter, Parameters, parseFilter, unknownParameter } from './query-string.js';
import { LIMITS, quoted } from '../limits.js';
import { ID } from '../resource/attributes.js';
import type { AnyResource } from '../resource/resource.js';

/** Finds a registered resource by its type. */
export type ResourceLookup = (type: string) => AnyResource | undefined;

function parseSort(resource: AnyResource, parameters: Parameters): SortKey[] {
  const text = parameters.takeOne('sort');
  const keys: SortKey[] = [];
  const items = text === undefined ? [] : text.split(',', LIMITS.sortKeys + 1);
  if (items.length > LIMITS.sortKeys) parameters.addError('sort', `At most ${LIMITS.sortKeys} keys can be sorted by`);
  for (const item of items.slice(0, LIMITS.sortKeys)) {
    const descending = item.startsWith('-');
    const name = descending ? item.slice(1) : item;
    const attribute = name === 'id' ? ID : resource.attributes.get(name);
    if (!attribute?.sortable) parameters.addError('sort', `${resource.type} cannot be sorted by "${quoted(name)}"`);
    else if (keys.some((key) => key.attribute === attribute)) parameters.addError('sort', `"${name}" stands twice`);
    else keys.push({ attribute, descending });
  }
  const idAt = keys.findIndex((key) => key.attribute === ID);
  // What follows the id decides nothing, since no two rows share it.
  if (idAt >= 0) return keys.slice(0, idAt + 1);
  return [...keys, { attribute: ID, descending: keys.at(-1)?.descending ?? false }];
}

function parsePositive(parameters: Parameters, name: string, fallback: number, max: number): number {
  const text = parameters.takeOne(name);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (/^\d{1,16}$/.test(text) && value >= 1 && value <= max) return value;
  parameters.addError(name, `${name} must be an integer from 1 to ${max}`);
  return fallback;
}

function parsePage(parameters: Parameters, sort: readonly SortKey[]): PageRequest {
  const size = parsePositive(parameters, 'page[size]', LIMITS.pageSize, LIMITS.pageSize);
  const after = parameters.takeOne('page[after]');
  const before = parameters.takeOne('page[before]');
  const text = after ?? before;
  if (text === undefined) {
    return { mode: 'number', number: parsePositive(parameters, 'page[number]', 1, LIMITS.pageNumber), size };
  }
  const direction = after !== undefined ? 'after' : 'before';
  if (after !== undefined && before !== undefined) {
    parameters.addError('page[before]', 'page[after] and page[before] cannot be combined');
  }
  if (parameters.takeOne('page[number]') !== undefined) {
    parameters.addError('page[number]', 'page[number] cannot be combined with a cursor');
  }
  const cursor = text === '' ? null : decodeCursor(sort, text);
  if (cursor === undefined)
    parameters.addError(`page[${direction}]`, 'The cursor is malformed or was made for another sort');
  return { mode: 'cursor', direction, cursor: cursor ?? null, text, size };
}

function parseFlag(parameters: Parameters, name: 'count' | 'can'): boolean | undefined {
  const text = parameters.takeOne(name);
  if (text === undefined) return undefined;
  if (text !== 'true' && text !== 'false') parameters.addError(name, `${name} must be true or false`);
  return text === 'true';
}

function parseCan(parameters: Parameters): Pick<Selection, 'can'> {
  const can = parseFlag(parameters, 'can');
  return can === undefined ? {} : { can };
}

/** `included` is the reference's name, `include` JSON:API's; both take a list, repeated or not, with `[]` or without. */
function parseInclude(resource: AnyResource, parameters: Parameters): Pick<Selection, 'include' | 'includedBy'> {
  const include = new Set<string>();
  const sent = [...parameters.take('included'), ...parameters.take('include')].flat();
  let named = 0;
  for (const { name, path, value } of sent) {
    if (path.length > 1 || (path[0] ?? '') !== '') parameters.errors.push(unknownParameter(name));
    for (const item of value === '' ? [] : value.split(',')) {
      named += 1;
      if (named > LIMITS.includePaths) {
        parameters.addError(name, `At most ${LIMITS.includePaths} relationships can be included`);
        return { include: [...include] };
      }
      if (resource.relationships.has(item)) include.add(item);
      else parameters.addError(name, `${resource.type} has no relationship "${quoted(item)}" to include`);
    }
  }
  return { include: [...include], ...(sent[0] && { includedBy: sent[0].name }) };
}

function parseFields(resource: AnyResource, lookup: ResourceLookup, parameters: Parameters): Map<string, Set<string>> {
  const reachable = new Set([resource.type, ...[...resource.relationships.values()].map(({ target }) => target)]);
  const fields = new Map<string, Set<string>>();
  let named = 0;
  for (const group of parameters.take('fields')) {
    const [{ name, path }] = group as [Parameter];
    const [type = '', tail] = path;
    const shown = reachable.has(type) ? lookup(type) : undefined;
    if (!shown || path.length > 2 || (tail ?? '') !== '') {
      const detail =
        path.length === 0 ? `Name a type: fields[${resource.type}]` : `There are no fields of "${quoted(type)}" here`;
      parameters.addError(name, detail);
      continue;
    }
    if (group.length > 1 && tail === undefined) parameters.addError(name, 'The parameter is given twice');
    const chosen = fields.get(type) ?? new Set<string>();
    for (const field of group.flatMap(({ value }) => (value === '' ? [] : value.split(',')))) {
      named += 1;
      if (named > LIMITS.fields) {
        parameters.addError(name, `At most ${LIMITS.fields} fields can be named`);
        return fields;
      }
      // Every resource carries them.
      if (field === 'id' || field === 'type') continue;
      const attribute = shown.attributes.get(field);
      if ((attribute && !attribute.hidden) || shown.relationships.has(field)) chosen.add(field);
      else parameters.addError(name, `${type} has no field "${quoted(field)}"`);
    }
    fields.set(type, chosen);
  }
  return fields;
}

/** Parses the parameters of one resource's document: `fields`, `included` and `can`. All errors are collected. */
export function parseSelection(
  resource: AnyResource,
  lookup: ResourceLookup,
  url: string,
  errors: ErrorList,
): Selection {
  const parameters = new Parameters(url, errors);
  const selection = {
    fields: parseFields(resource, lookup, parameters),
    ...parseInclude(resource, parameters),
    ...parseCan(parameters),
  };
  parameters.rejectRest();
  return selection;
}

/** Parses the parameters of a collection. All errors are collected. */
export function parseCriteria(resource: AnyResource, lookup: ResourceLookup, url: string, errors: ErrorList): Criteria {
  const parameters = new Parameters(url, errors);
  const conditions: Condition[] = [];
  const secrets = new Set<string>();
  const groups = parameters.take('filter') as [Parameter, ...Parameter[]][];
  const [surplus] = groups.splice(LIMITS.filters);
  if (surplus) parameters.addError(surplus[0].name, `A query has at most ${LIMITS.filters} filters`);
  for (const group of groups) {
    const condition = parseFilter(resource, group, errors);
    if (!condition) continue;
    conditions.push(condition);
    if (condition.filter.secret && condition.operands.values.length > 0) secrets.add(condition.parameter);
  }
  const sort = parseSort(resource, parameters);
  const criteria = {
    conditions,
    sort,
    page: parsePage(parameters, sort),
    count: parseFlag(parameters, 'count') === true,
    fields: parseFields(resource, lookup, parameters),
    ...parseInclude(resource, parameters),
    ...parseCan(parameters),
    path: url.split('?', 1)[0] ?? url,
    parameters: parameters.all
      .filter(({ base, name }) => base !== 'page' && !secrets.has(name))
      .map(({ name, value }) => [name, value] as const),
    unlinkable: secrets.size > 0,
  };
  for (const [first] of parameters.take('page')) {
    parameters.addError(
      first?.name ?? '',
      'A page is asked for by page[size] and page[number], page[after] or page[before]',
    );
  }
  parameters.rejectRest();
  return criteria;
}

/**
 * The criteria of a query of the service's own, such as for a page. It includes nothing.
 * @param parameters of the query, such as `page[size]`
 * @throws ApiError 400
 */
export function criteriaOf(resource: AnyResource, parameters: Readonly<Record<string, string>>): Criteria {
  const errors = new ErrorList();
  const url = `${resource.path}?${new URLSearchParams(parameters)}`;
  const criteria = parseCriteria(resource, () => undefined, url, errors);
  throwIfErrors(errors);
  return criteria;
}
