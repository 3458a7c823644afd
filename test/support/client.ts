import type { TestApp } from './app.js';

export const MEDIA_TYPE = 'application/vnd.api+json';

/** A parsed answer. `body` is the JSON of the body, or undefined where there is none. */
export interface ApiResponse {
  readonly status: number;
  readonly headers: Headers;
  // Tests look into documents of every shape; what they expect of it, they assert.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
  readonly text: string;
}

export interface RequestOptions {
  readonly token?: string;
  readonly headers?: Record<string, string>;
  /** A string is sent as it is, everything else as JSON. */
  readonly body?: unknown;
}

/** Sends one request over HTTP. Query parameters may stand in the path in clear: brackets are encoded here. */
export async function send(
  app: TestApp,
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<ApiResponse> {
  const { token, headers = {}, body } = options;
  const response = await fetch(app.url + path.replaceAll('[', '%5B').replaceAll(']', '%5D'), {
    method,
    redirect: 'manual',
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': MEDIA_TYPE }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: text === '' ? undefined : JSON.parse(text) };
}

/** The requests of one client: `const { get, post } = as(app, token)`. */
export function as(app: TestApp, token?: string) {
  const call =
    (method: string) =>
    (path: string, options: Omit<RequestOptions, 'token'> = {}): Promise<ApiResponse> =>
      send(app, method, path, { ...options, ...(token !== undefined && { token }) });
  const write =
    (method: string) =>
    (path: string, body?: unknown, headers: Record<string, string> = {}): Promise<ApiResponse> =>
      call(method)(path, { headers, ...(body !== undefined && { body }) });
  return {
    get: (path: string, headers: Record<string, string> = {}) => call('GET')(path, { headers }),
    post: write('POST'),
    patch: write('PATCH'),
    delete: (path: string, headers: Record<string, string> = {}) => call('DELETE')(path, { headers }),
  };
}

/** A client's requests. */
export type ApiClient = ReturnType<typeof as>;

/** `{ "data": { "type", "attributes" } }`, with an id where one is given. */
export const document = (type: string, attributes?: Record<string, unknown>, id?: string) => ({
  data: { type, ...(id !== undefined && { id }), ...(attributes && { attributes }) },
});

/** The errorsOf of an error document, short: `422 validation_failed /data/attributes/email`. */
export function errorsOf({ body }: ApiResponse): string[] {
  return (body?.errors ?? []).map(
    ({ status, code, source }: { status: string; code: string; source?: Record<string, string> }) =>
      [status, code, ...Object.values(source ?? {})].join(' '),
  );
}

/** The ids of a collection's resources, in order. */
export const ids = ({ body }: ApiResponse): string[] => body.data.map(({ id }: { id: string }) => id);

/** One attribute of a collection's resources, in order. */
export const column = ({ body }: ApiResponse, attribute: string): unknown[] =>
  body.data.map(({ attributes }: { attributes: Record<string, unknown> }) => attributes[attribute]);
