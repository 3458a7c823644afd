import { ApiError, API, Page } from 'iam-client';
import type { RecordedRequest } from '../contract/recorded.js';

/** A recorded request as a call of the client: `iam.accounts.list({ … })`. */
export interface RecordedCall {
  readonly group: string;
  readonly method: string;
  readonly args: unknown[];
}

/** The query of an address, as `list` and `get` take it. */
function queryOf(text: string): Record<string, unknown> {
  const query: Record<string, Record<string, unknown>> = {};
  const plain: Record<string, unknown> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const [, base = '', key = '', list] = /^(\w+)(?:\[([^\]]+)\](\[\])?)?$/.exec(name) ?? [];
    if (key === '') plain[base] = base === 'count' ? value === 'true' : value;
    else {
      const group = (query[base] ??= {});
      group[key] = list === undefined ? value : [...((group[key] as unknown[] | undefined) ?? []), value];
    }
  }
  return { ...plain, ...query };
}

const attributesOf = (body: unknown): unknown =>
  (body as { data?: { attributes?: unknown } } | undefined)?.data?.attributes ?? {};

/** Where the verbs are: at the collection, or at a row. */
const VERBS: Readonly<Record<string, readonly [onCollection: string, onRow: string]>> = {
  GET: ['list', 'get'],
  POST: ['create', ''],
  PATCH: ['', 'update'],
  DELETE: ['', 'delete'],
};

/** The call that sends what was recorded. @throws TypeError where the client has no method for it */
export function callOf({ method, path, body }: RecordedRequest): RecordedCall {
  const [address = '', search = ''] = path.split('?');
  const [, collection = '', id] = address.split('/');
  for (const [group, { type, operations = {} }] of Object.entries(API)) {
    for (const [name, text] of Object.entries(operations)) {
      const [verb, template = '', ...takes] = text.split(' ');
      const pattern = new RegExp(`^${template.replace(/\{\w+\}/g, '([^/]+)')}$`);
      const [, ...parameters] = pattern.exec(address) ?? [''];
      if (verb !== method || !pattern.test(address)) continue;
      return { group, method: name, args: takes.length > 0 ? [...parameters, body] : parameters };
    }
    if (type?.split(':')[1] !== collection) continue;
    const name = VERBS[method]?.[id === undefined ? 0 : 1] ?? '';
    const args = { list: [queryOf(search)], get: [id, queryOf(search)], create: [attributesOf(body)], delete: [id] };
    return {
      group,
      method: name,
      args: name === 'update' ? [id, attributesOf(body)] : (args[name as keyof typeof args] ?? []),
    };
  }
  throw new TypeError(`The client has no method for ${method} ${path}`);
}

/** What a call came to, as the document that the service sent. */
export interface Outcome {
  readonly status?: number;
  readonly errors?: string[];
  readonly document?: unknown;
}

/** A flat resource as a resource object. */
function unflat(resource: unknown): unknown {
  if (typeof resource !== 'object' || resource === null) return resource;
  const { type, id, $meta, ...attributes } = resource as Record<string, unknown>;
  return { type, id, attributes, meta: $meta };
}

/** Runs a call. It runs in the page too, so it uses nothing but its arguments. */
export async function outcomeOf(iam: unknown, { group, method, args }: RecordedCall): Promise<Outcome> {
  try {
    const methods = (iam as Record<string, Record<string, (...args: unknown[]) => Promise<unknown>>>)[group];
    const result = await methods?.[method]?.(...args);
    if (result === undefined) return {};
    const { data, count, links } = result as Page<unknown>;
    return { document: links ? { data, meta: { count }, links } : { data: result } };
  } catch (error) {
    const { status, errors } = error as ApiError;
    if (errors === undefined) throw error;
    return {
      status,
      document: { errors },
      errors: errors.map((one) => [one.status, one.code, ...Object.values(one.source ?? {})].join(' ')),
    };
  }
}

/** The resources of an outcome, as a document has them. */
export function documentOf({ document }: Outcome): { data?: unknown } | undefined {
  if (document === undefined) return undefined;
  const { data, ...rest } = document as { data?: unknown };
  if (data === undefined) return rest;
  return { ...rest, data: Array.isArray(data) ? data.map(unflat) : unflat(data) };
}
