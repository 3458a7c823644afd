import { MEDIA_TYPE } from '../json-api/document/document.js';

/** A resource object of a response. */
export interface TestResource<Attributes extends object = Record<string, unknown>> {
  readonly type: string;
  readonly id: string;
  readonly attributes: Attributes;
  readonly relationships?: Readonly<Record<string, { readonly data?: unknown; readonly links?: object }>>;
  readonly links?: Readonly<Record<string, string | null>>;
  readonly meta?: Readonly<Record<string, unknown>>;
}

/** An error object of a response. */
export interface TestError {
  readonly status: string;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly source?: Readonly<Record<string, string>>;
  readonly meta?: Readonly<Record<string, unknown>>;
}

/** What a request sends besides its method and path. */
export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** A string is sent as it is, everything else as JSON. */
  readonly body?: unknown;
}

interface Document {
  readonly data?: unknown;
  readonly links?: Readonly<Record<string, string | null>>;
  readonly included?: readonly TestResource[];
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly errors?: readonly TestError[];
}

/** A response with its body read. */
export class ApiResponse {
  constructor(
    /** Method and path of the request. */
    readonly request: string,
    readonly status: number,
    readonly headers: Headers,
    readonly text: string,
  ) {}

  /** The body as JSON; undefined when there is none, or when it is something else. */
  get json(): unknown {
    return /\bjson\b/.test(this.headers.get('content-type') ?? '') ? JSON.parse(this.text) : undefined;
  }

  /** The resource of the document. @throws Error when the response is something else; it quotes the errors */
  one<Attributes extends object = Record<string, unknown>>(): TestResource<Attributes> {
    const { data } = this.document;
    if (typeof data !== 'object' || data === null || Array.isArray(data)) throw this.unexpected('one resource');
    return data as TestResource<Attributes>;
  }

  /** The resources of the collection. @throws Error when the response is something else; it quotes the errors */
  many<Attributes extends object = Record<string, unknown>>(): readonly TestResource<Attributes>[] {
    const { data } = this.document;
    if (!Array.isArray(data)) throw this.unexpected('a collection');
    return data as TestResource<Attributes>[];
  }

  /** The primary data as a list: of one resource, of many, or of none. */
  get resources(): readonly TestResource[] {
    return [(this.document.data ?? []) as TestResource | readonly TestResource[]].flat();
  }

  /** `links` of the document; empty when there are none. */
  get links(): Readonly<Record<string, string | null>> {
    return this.document.links ?? {};
  }

  /** `meta` of the document; empty when there is none. */
  get meta(): Readonly<Record<string, unknown>> {
    return this.document.meta ?? {};
  }

  /** Resources that were included. */
  get included(): readonly TestResource[] {
    return this.document.included ?? [];
  }

  /** The error objects; none when the request succeeded. */
  get errors(): readonly TestError[] {
    return this.document.errors ?? [];
  }

  /** The errors in short, such as `422 validation_failed /data/attributes/email`. */
  get problems(): string[] {
    return this.errors.map(({ status, code, source }) => [status, code, ...Object.values(source ?? {})].join(' '));
  }

  private get document(): Document {
    const { json } = this;
    return typeof json === 'object' && json !== null ? json : {};
  }

  private unexpected(what: string): Error {
    const details = this.errors.map(({ detail }) => detail).join('; ');
    const found = [this.status, ...this.problems].join(', ');
    return new Error(`${this.request} responded with ${found}, not with ${what}${details && `: ${details}`}`);
  }
}

/** The requests of one client, over HTTP. Paths begin at the root, as in links. Brackets in them are encoded. */
export class ApiClient {
  constructor(
    /** The origin of the service, such as `http://127.0.0.1:41234`. */
    readonly url: string,
    /** The access token that requests carry; null sends none. */
    readonly token: string | null = null,
  ) {}

  get(path: string, headers?: RequestOptions['headers']): Promise<ApiResponse> {
    return this.send('GET', path, { ...(headers && { headers }) });
  }

  post(path: string, body?: unknown, headers?: RequestOptions['headers']): Promise<ApiResponse> {
    return this.send('POST', path, { ...(headers && { headers }), body });
  }

  patch(path: string, body?: unknown, headers?: RequestOptions['headers']): Promise<ApiResponse> {
    return this.send('PATCH', path, { ...(headers && { headers }), body });
  }

  delete(path: string, headers?: RequestOptions['headers']): Promise<ApiResponse> {
    return this.send('DELETE', path, { ...(headers && { headers }) });
  }

  /** Sends one request with any method. A body is sent as JSON:API's media type unless a header names another. */
  async send(method: string, path: string, { headers = {}, body }: RequestOptions = {}): Promise<ApiResponse> {
    const response = await fetch(this.url + path.replaceAll('[', '%5B').replaceAll(']', '%5D'), {
      method,
      redirect: 'manual',
      headers: {
        ...(this.token !== null && { authorization: `Bearer ${this.token}` }),
        ...(body !== undefined && { 'content-type': MEDIA_TYPE }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return new ApiResponse(`${method} ${path}`, response.status, response.headers, await response.text());
  }
}

/** A document for a write: `{ "data": { "type", "attributes" } }`, with the id where one is given. */
export const document = (type: string, attributes: object, id?: string) => ({
  data: { type, ...(id !== undefined && { id }), attributes },
});
