import type { ErrorObject, ErrorList } from '../document/errors.js';
import { LIMITS, quoted } from '../limits.js';
import type { Filter } from '../resource/attributes.js';
import { FIELD_TYPES, type Operand } from '../resource/field-types.js';
import type { AnyResource } from '../resource/resource.js';
import type { Condition } from './criteria.js';

/** One query parameter: `filter[org][]=a` is base `filter`, path `['org', '']`. */
export interface Parameter {
  /** The decoded name, exactly as sent. */
  readonly name: string;
  readonly base: string;
  readonly path: readonly string[];
  readonly value: string;
}

const NAME = /^([^[\]]+)((?:\[[^[\]]*\])*)$/;

/** The error of a query parameter; `name` is its name as sent. */
export const parameterError = (name: string, detail: string): ErrorObject => ({
  code: 'invalid_parameter',
  detail,
  source: { parameter: name },
});

/** The error of a parameter that does not exist here. */
export const unknownParameter = (name: string): ErrorObject =>
  parameterError(name, `There is no parameter "${quoted(name)}" here`);

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

function parsePair(pair: string, errors: ErrorList): Parameter | undefined {
  const equals = pair.indexOf('=');
  const rawName = equals < 0 ? pair : pair.slice(0, equals);
  const name = decode(rawName);
  const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
  const [, base, brackets = ''] = NAME.exec(name ?? '') ?? [];
  if (name === undefined || value === undefined || base === undefined) {
    errors.push(parameterError(name ?? rawName, 'The parameter is not readable: check its encoding and brackets'));
    return undefined;
  }
  const path = brackets === '' ? [] : brackets.slice(1, -1).split('][');
  return { name, base, path, value };
}

/**
 * The query of a request's URL as parameters, in order; what cannot be read becomes an error, and so does the first one
 * that is more than a query may have. Those after it are not read.
 */
export function parseQueryString(url: string, errors: ErrorList): Parameter[] {
  const start = url.indexOf('?');
  const query = start < 0 ? '' : url.slice(start + 1);
  const pairs = query.split('&').filter((pair) => pair !== '');
  const [surplus] = pairs.splice(LIMITS.queryParameters);
  const parameters = pairs.flatMap((pair) => parsePair(pair, errors) ?? []);
  if (surplus !== undefined) {
    const [name = ''] = surplus.split('=', 1);
    errors.push(parameterError(decode(name) ?? name, `A query has at most ${LIMITS.queryParameters} parameters`));
  }
  return parameters;
}

/** Parameters grouped by their name as sent; each handler takes its own and what is left is unknown. */
export class Parameters {
  /** All of them, in order. */
  readonly all: readonly Parameter[];
  private readonly groups = new Map<string, Parameter[]>();

  constructor(
    url: string,
    readonly errors: ErrorList,
  ) {
    this.all = parseQueryString(url, errors);
    for (const parameter of this.all) {
      const group = this.groups.get(parameter.name);
      if (group) group.push(parameter);
      else this.groups.set(parameter.name, [parameter]);
    }
  }

  /** Takes the groups of one base name, such as `filter`. */
  take(base: string): Parameter[][] {
    const taken = [...this.groups.values()].filter(([first]) => first?.base === base);
    for (const [first] of taken) if (first) this.groups.delete(first.name);
    return taken;
  }

  /** Takes a parameter that stands at most once. */
  takeOne(name: string): string | undefined {
    const group = this.groups.get(name);
    this.groups.delete(name);
    if (group && group.length > 1) this.addError(name, 'The parameter is given twice');
    return group?.[0]?.value;
  }

  addError(name: string, detail: string): void {
    this.errors.push(parameterError(name, detail));
  }

  rejectRest(): void {
    for (const name of this.groups.keys()) this.errors.push(unknownParameter(name));
  }
}

/** Rejects every query parameter that is not listed. */
export function rejectParameters(url: string, allowed: readonly string[], errors: ErrorList): void {
  const parameters = new Parameters(url, errors);
  for (const name of allowed) parameters.takeOne(name);
  parameters.rejectRest();
}

/** More values than any list of a query may have: what follows is not read. */
const MAX_LIST = LIMITS.filterValues + 1;

/** Values of a comma list, at most one more than is allowed; `\,` is a comma inside a value. */
export const splitList = (text: string): string[] =>
  text.split(/(?<!\\),/, MAX_LIST).map((value) => value.replaceAll('\\,', ','));

/** A path with its query, names and values percent-encoded (RFC 3986). */
export function toUrl(path: string, pairs: readonly (readonly [string, string])[]): string {
  const query = pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
  return query === '' ? path : `${path}?${query}`;
}

/** `filter[x][org][]=a` spells the object `{"org": ["a"]}` in brackets. */
function objectOf(parameters: readonly Parameter[]): string | undefined {
  const object: Record<string, string | string[]> = Object.create(null);
  for (const { path, value } of parameters) {
    const [, key = '', tail] = path;
    if (key === '' || path.length > 3 || (tail ?? '') !== '') return undefined;
    const existing = object[key];
    if (tail === undefined && existing === undefined) object[key] = value;
    else if (tail === '' && existing === undefined) object[key] = [value];
    else if (tail === '' && Array.isArray(existing)) existing.push(value);
    else return undefined;
  }
  return JSON.stringify(object);
}

/** The texts of a filter's values, or why there are none. */
function textsOf(filter: Filter, group: readonly [Parameter, ...Parameter[]]): string[] | { error: string } {
  const [{ path, value, name }] = group;
  const repeated = path.length === 2 && path[1] === '';
  if (filter.takes === 'list' && (path.length === 1 || repeated)) {
    // A list is repeated with `[]`; plain equality may be repeated without it too.
    if (group.length > 1 && !repeated && filter.name.includes('__')) return { error: 'The parameter is given twice' };
    return group.flatMap((parameter) => splitList(parameter.value));
  }
  if (filter.type === FIELD_TYPES.json && path.length > 1) {
    const text = objectOf(group);
    return text === undefined ? { error: `${quoted(name)} does not spell an object` } : [text];
  }
  if (path.length > 1) return { error: `There is no parameter "${quoted(name)}" here` };
  return group.length > 1 ? { error: 'The parameter is given twice' } : [value];
}

/** How many values JSON has at any depth; an object or a list that is empty counts as one. */
function valuesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Math.max(
    1,
    Object.values(value).reduce((sum: number, item) => sum + valuesIn(item), 0),
  );
}

const hasTooManyValues = (operand: Operand): boolean =>
  'value' in operand && valuesIn(JSON.parse(String(operand.value))) > LIMITS.filterValues;

const EQUALITY = '__eq';

/** Whether a filter compares for equality: that of an attribute, or a list of a repository's own. */
const isEquality = ({ on, takes }: Filter): boolean => (on ? on.operator === 'eq' : takes === 'list');

/** The filter of a name in brackets; `email__eq` is another spelling of `email`. */
function filterOf(resource: AnyResource, name: string): Filter | undefined {
  const plain = name.endsWith(EQUALITY) ? resource.filters.get(name.slice(0, -EQUALITY.length)) : undefined;
  return resource.filters.get(name) ?? (plain && isEquality(plain) ? plain : undefined);
}

/** Parses the parameters of one name into a condition; `undefined` when there is an error. */
export function parseFilter(
  resource: AnyResource,
  group: readonly [Parameter, ...Parameter[]],
  errors: ErrorList,
): Condition | undefined {
  const [{ name, path }] = group;
  const filter = filterOf(resource, path[0] ?? '');
  if (!filter) {
    const [known] = resource.filters.keys();
    const detail =
      path.length === 0 && known
        ? `Name a filter: filter[${known}]`
        : `${resource.type} has no filter "${quoted(path[0] ?? '')}"`;
    errors.push(parameterError(name, detail));
    return undefined;
  }
  const texts = textsOf(filter, group);
  if ('error' in texts) {
    errors.push(parameterError(name, texts.error));
    return undefined;
  }
  const tooMany = (): undefined => {
    errors.push(parameterError(name, `${quoted(name)} takes at most ${LIMITS.filterValues} values`));
  };
  if (texts.length > LIMITS.filterValues) return tooMany();
  const before = errors.length;
  const values: Operand[] = [];
  let orNull = false;
  for (const text of new Set(texts)) {
    const operand = filter.nullable && text === 'null' ? null : filter.type.parse(text);
    if (operand === null) orNull = true;
    else if (operand) values.push(operand);
    else errors.push(parameterError(name, `${quoted(name)} takes ${filter.type.expected}`));
  }
  if (errors.length > before) return undefined;
  if (filter.type === FIELD_TYPES.json && values.some(hasTooManyValues)) return tooMany();
  return { filter, operands: { values, orNull }, parameter: name };
}
