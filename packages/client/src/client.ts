import { type Document, resultOf } from './document.js';
import { Page } from './page.js';
import { type Query, toParameters } from './parameters.js';
import type { Tokens } from './session.js';
import { type Call, type ClientOptions, Transport } from './transport.js';
import type { CallOptions, CreateOptions, Target } from './types.js';

/** The verbs of a resource. */
export type Verb = 'list' | 'get' | 'create' | 'update' | 'delete';

/** One group of methods: those of a resource, and those of operations. */
export interface MethodTable {
  /** The type of the resource. Its path is what follows the colon. */
  readonly type?: string;
  readonly verbs?: readonly Verb[];
  /** Filters that take their value as it is, commas and all; besides those with an operator that does. */
  readonly whole?: readonly string[];
  /**
   * Operations, by the name of their method: `POST /accounts/{id}/email {}`. What follows the path are its arguments after
   * those of the path: `{}` is a JSON body, `{cookie}` one that may ask for cookies, `form` a form, `?` a query. `url`: the
   * method returns the address, to go to.
   */
  readonly operations?: Readonly<Record<string, string>>;
}

/** An API as data, as `npx iam client` writes it. */
export type ApiTable = Readonly<Record<string, MethodTable>>;

type Method = (...args: never[]) => unknown;

const DEFAULT_SIZE = 100;

/** What a client makes of a table: one object for each group, with its methods. */
export function clientOf<Api>(table: ApiTable, options: ClientOptions): Api {
  const transport = new Transport(options);
  const groups = Object.entries(table).map(([name, group]) => [
    name,
    { ...resourceMethods(transport, group), ...operationMethods(transport, group) },
  ]);
  return Object.fromEntries(groups) as Api;
}

function resourceMethods(transport: Transport, { type = '', verbs = [], whole }: MethodTable): Record<string, Method> {
  const path = `/${type.slice(type.indexOf(':') + 1)}`;
  const at = (target: Target): string =>
    `${path}/${encodeURIComponent(typeof target === 'string' ? target : target.id)}`;
  const send = async (call: Call): Promise<unknown> => resultOf(await transport.send(call));
  const parametersOf = (query: Query = {}): URLSearchParams => toParameters(query, type, whole);
  const write = (attributes: object, id?: string): Pick<Call, 'body' | 'type'> => ({
    body: { data: { type, ...(id !== undefined && { id }), attributes } },
    type: 'document',
  });
  /** Nothing where only the id is known: then the write does not depend on what was read. */
  const ifMatch = (target: Target): Record<string, string> =>
    typeof target === 'string' ? {} : { 'if-match': `"${target.$meta.version}"` };

  const pageOf = async (call: Call): Promise<Page<unknown>> => {
    const document = await transport.send(call);
    return new Page(document as Document, (link) =>
      pageOf({ method: 'GET', path: link, isLink: true, options: { ...call.options, query: undefined } }),
    );
  };
  const list = (query: Query & CallOptions = {}): Promise<Page<unknown>> =>
    pageOf({ method: 'GET', path, parameters: parametersOf(query), options: query });

  async function* pages({ size = DEFAULT_SIZE, ...query }: Query & CallOptions & { size?: number } = {}) {
    let page: Page<unknown> | undefined = await list({ ...query, page: { after: '', size } });
    for (; page; page = await page.next()) yield page;
  }
  async function* iterate(query?: Query & CallOptions) {
    for await (const page of pages(query)) yield* page;
  }

  const methods = {
    list: { list, pages, iterate },
    get: {
      get: (id: string, query?: Query & CallOptions) =>
        send({ method: 'GET', path: at(id), parameters: parametersOf(query), options: query }),
    },
    create: {
      create: (attributes: object, query: Query & CreateOptions = {}) => {
        const headers = { 'idempotency-key': query.idempotencyKey ?? crypto.randomUUID() };
        const parameters = parametersOf(query);
        return send({ method: 'POST', path, ...write(attributes), parameters, headers, options: query });
      },
    },
    update: {
      update: (target: Target, attributes: object, query?: Query & CallOptions) => {
        const id = typeof target === 'string' ? target : target.id;
        const call = { ...write(attributes, id), parameters: parametersOf(query), headers: ifMatch(target) };
        return send({ method: 'PATCH', path: at(target), ...call, options: query });
      },
    },
    delete: {
      delete: (target: Target, options?: Query & CallOptions) => {
        const parameters = parametersOf(options && { query: options.query });
        return send({ method: 'DELETE', path: at(target), parameters, headers: ifMatch(target), options });
      },
    },
  };
  return Object.assign(type ? { type } : {}, ...verbs.map((verb) => methods[verb])) as Record<string, Method>;
}

const operationMethods = (transport: Transport, { operations = {} }: MethodTable): Record<string, Method> =>
  Object.fromEntries(Object.entries(operations).map(([name, text]) => [name, operation(transport, text)]));

/** The method of one operation; its arguments are those of the path, its body, its query, and options. */
function operation(transport: Transport, text: string): Method {
  const [method = '', template = '', ...takes] = text.split(' ');
  const { session } = transport.options;
  const isForm = takes.includes('form');
  const hasCookies = takes.includes('{cookie}') && session?.cookies === true;
  const prepare = (args: unknown[]): Call => {
    const path = template.replace(/\{\w+\}/g, () => encodeURIComponent(String(args.shift())));
    const body = isForm || takes.some((one) => one.startsWith('{')) ? (args.shift() ?? {}) : undefined;
    const query = takes.includes('?') ? (args.shift() as Query['query']) : undefined;
    const options = args.shift() as CallOptions | undefined;
    const parameters = toParameters({ query: { ...query, ...options?.query } }, '');
    const sent = hasCookies ? { cookie: true, ...(body as object) } : body;
    return { method, path, parameters, body: sent, type: isForm ? 'form' : undefined, options };
  };
  if (takes.includes('url')) return (...args: unknown[]) => new URL(transport.address(prepare(args)));
  return async (...args: unknown[]) => {
    const call = prepare(args);
    const document = await transport.send(call);
    const tokens = document?.meta as unknown as Tokens | undefined;
    if (tokens?.token && tokens.refresh_token) await session?.signedIn(tokens);
    else if (hasCookies) await session?.signedIn(undefined);
    const ends = template === '/auth/logout' && !(call.body as { others?: boolean } | undefined)?.others;
    if (ends) await session?.signedOut();
    return resultOf(document);
  };
}
