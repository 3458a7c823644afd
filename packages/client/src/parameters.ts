/** Queries as parameters of an address. */

type Values = Readonly<Record<string, unknown>>;

/** Any query; types.ts has the types by resource. */
export interface Query {
  readonly filter?: Values | undefined;
  readonly sort?: unknown;
  readonly include?: unknown;
  readonly fields?: Values | undefined;
  readonly page?: Values | undefined;
  readonly count?: unknown;
  readonly can?: unknown;
  readonly query?: Values | undefined;
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

/** A value of a parameter as text: a time in UTC, an object as JSON. */
function textOf(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

/** The operators whose value is not a list: commas are part of it. */
const WHOLE = /__(match|gte|lte)$/;

/**
 * @param type the type of the resource, whose fields have to name what is included
 * @param whole names of other filters that take their value as it is
 */
export function toParameters(query: Query, type: string, whole: readonly string[] = []): URLSearchParams {
  const parameters = new URLSearchParams();
  const add = (name: string, value: unknown): void => {
    if (value !== undefined) parameters.append(name, textOf(value));
  };
  for (const [name, value] of Object.entries(query.filter ?? {})) {
    // `none` of an empty list is no condition. The service rejects `any` of an empty list.
    if (value === undefined || (name.endsWith('__nin') && listOf(value).length === 0)) continue;
    const plain = WHOLE.test(name) || whole.includes(name) || (typeof value === 'object' && !Array.isArray(value));
    const values = listOf(value).map((one) => (plain ? textOf(one) : textOf(one).replaceAll(',', '\\,')));
    // A backslash at an end would escape the comma behind it.
    if (values.some((one) => one.endsWith('\\')) && values.length > 1) {
      for (const one of values) add(`filter[${name}][]`, one);
    } else add(`filter[${name}]`, values.join(','));
  }
  const { include, sort, count, can } = query;
  for (const [of, names] of Object.entries(query.fields ?? {})) {
    // Without the name of the relationship, the response would not say what belongs to which resource.
    add(`fields[${of}]`, [...listOf(names), ...(of === type ? listOf(include ?? []) : [])].join(','));
  }
  if (include !== undefined) add('include', listOf(include).join(','));
  if (sort !== undefined) add('sort', listOf(sort).join(','));
  for (const [name, value] of Object.entries(query.page ?? {})) add(`page[${name}]`, value);
  add('count', count || undefined);
  add('can', can || undefined);
  for (const [name, value] of Object.entries(query.query ?? {})) add(name, value);
  return parameters;
}
