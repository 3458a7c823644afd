/** Documents of JSON:API as plain objects. */

interface ResourceObject {
  readonly type: string;
  readonly id: string;
  readonly attributes?: object;
  readonly relationships?: Readonly<Record<string, { readonly data?: Identifier | readonly Identifier[] | null }>>;
  readonly meta?: object;
}

type Identifier = Pick<ResourceObject, 'type' | 'id'>;

/** The members of a document that are read here. */
export interface Document {
  readonly jsonapi?: unknown;
  readonly data?: unknown;
  readonly included?: readonly ResourceObject[];
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly links?: Readonly<Record<string, string | null>>;
}

const isResource = (data: unknown): data is ResourceObject =>
  typeof data === 'object' && data !== null && 'type' in data && 'attributes' in data;

const key = ({ type, id }: Identifier): string => `${type} ${id}`;

function flat({ type, id, attributes, meta }: ResourceObject): Record<string, unknown> {
  return { type, id, ...attributes, $meta: { ...meta } };
}

/** The resources of a document, flat: attributes and included relationships beside `type` and `id`. */
export function resourcesOf({ data, included = [] }: Document): Record<string, unknown>[] {
  const related = new Map(included.map((one) => [key(one), flat(one)]));
  // One that is in `data` too is not in `included` (JSON:API 1.1, compound documents).
  const primary = (data as ResourceObject[]).map((one) => [one, flat(one)] as const);
  for (const [one, result] of primary) if (!related.has(key(one))) related.set(key(one), { ...result });
  for (const [{ relationships = {} }, result] of primary) {
    for (const [name, { data: linked }] of Object.entries(relationships)) {
      // Not included.
      if (linked === undefined) continue;
      result[name] = Array.isArray(linked)
        ? linked.flatMap((one: Identifier) => related.get(key(one)) ?? [])
        : linked && (related.get(key(linked as Identifier)) ?? null);
    }
  }
  return primary.map(([, result]) => result);
}

/** What an operation returns: a resource, resources, plain data, `meta` without data, or whatever else the body is. */
export function resultOf(document: Document | undefined): unknown {
  if (document === undefined) return undefined;
  const { data, meta, jsonapi } = document;
  if (!('data' in document)) return jsonapi && meta ? meta : document;
  if (Array.isArray(data) && data.every(isResource)) return resourcesOf(document);
  if (isResource(data)) {
    const [resource] = resourcesOf({ ...document, data: [data] });
    return { ...resource, $meta: { ...(resource?.['$meta'] as object), ...meta } };
  }
  return meta === undefined ? data : document;
}
