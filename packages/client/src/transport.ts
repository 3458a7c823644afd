import type { Document } from './document.js';
import { ApiError, ConnectionError, errorOf, TimeoutError } from './errors.js';
import type { Session, Tokens } from './session.js';
import type { CallOptions } from './types.js';

const MEDIA_TYPE = 'application/vnd.api+json';

/** Timeout of a request, in milliseconds. */
const TIMEOUT_MS = 30_000;
/** The first pause between two attempts is up to this long; each further one doubles. */
const PAUSE_MS = 300;

/** Options of a client. */
export interface ClientOptions {
  /** Address of the service, such as `https://accounts.example.com`, with `PUBLIC_PATH` where it has one. */
  readonly url: string | URL;
  /** `API_PREFIX` of the service, such as `api/v1/iam`. */
  readonly prefix?: string | undefined;
  /** Keeps a person signed in: `bearerSession()` or `cookieSession()` of `iam-client/auth`. */
  readonly session?: Session | undefined;
  /** An API key or an access token in place of a session. */
  readonly token?: string | (() => string | Promise<string>) | undefined;
  /** Sent with each request, such as `Accept-Language`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Defaults of `CallOptions`. */
  readonly timeout?: number | undefined;
  readonly retries?: number | undefined;
  /** The longest `Retry-After` that is waited for, in milliseconds; 10 seconds without it. */
  readonly maxWait?: number | undefined;
  /** Used instead of the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
}

/** One operation to be sent. */
export interface Call {
  readonly method: string;
  /** Without the prefix; or a link of a document. */
  readonly path: string;
  readonly parameters?: URLSearchParams | undefined;
  readonly body?: unknown;
  /** A form, or a document of JSON:API; otherwise JSON. */
  readonly type?: 'form' | 'document' | undefined;
  /** The path is a link, which begins with the prefix. */
  readonly isLink?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly options?: CallOptions | undefined;
  /** A refresh: without credentials, and without another refresh. */
  readonly isBare?: boolean;
}

/** Not under the prefix. */
const OUTSIDE = /^\/(\.well-known|health)\//;

const STATUSES = [502, 503, 504];

/** Sends requests, again where that is safe. */
export class Transport {
  private readonly base: string;
  private readonly prefix: string;

  constructor(readonly options: ClientOptions) {
    this.base = String(options.url).replace(/\/+$/, '');
    const prefix = options.prefix?.replace(/^\/+|\/+$/g, '');
    this.prefix = prefix ? `/${prefix}` : '';
  }

  /** The address of an operation. */
  address({ path, parameters, isLink }: Call): string {
    if (isLink) return new URL(path, this.base).href;
    const query = parameters?.size ? `?${parameters}` : '';
    return this.base + (OUTSIDE.test(path) ? '' : this.prefix) + path + query;
  }

  /**
   * The document of the response; undefined without one.
   * @throws ApiError, ConnectionError, TimeoutError, and the reason of an `AbortSignal`
   */
  async send(call: Call): Promise<Document | undefined> {
    const { session, maxWait = 10_000 } = this.options;
    const { signal, retries = this.options.retries ?? 2 } = call.options ?? {};
    // Twice: the refresh of another tab may have failed, because its network was offline.
    let renewals = call.isBare || session === undefined ? 0 : 2;
    for (let attempt = 0; ;) {
      const headers = new Headers(this.headersOf(call));
      const used = call.isBare ? undefined : await this.authorize(headers);
      try {
        return await this.once(call, headers);
      } catch (error) {
        const isExpired = error instanceof ApiError && error.code === 'unauthenticated';
        if (isExpired && renewals > 0) {
          renewals -= 1;
          if (await session?.renew(used, (token) => this.refresh(token))) continue;
        }
        const wait = attempt < retries ? waitAfter(error, headers, call, attempt) : undefined;
        if (wait === undefined || wait > maxWait) throw error;
        attempt += 1;
        await pause(wait, signal);
      }
    }
  }

  /** New tokens; undefined where they are in cookies. */
  private async refresh(token?: string): Promise<Tokens | undefined> {
    const body = token === undefined ? {} : { refresh_token: token };
    const document = await this.send({ method: 'POST', path: '/auth/refresh', body, isBare: true });
    return document?.meta as unknown as Tokens | undefined;
  }

  private headersOf({ body, type, headers, options }: Call): Record<string, string> {
    return {
      accept: MEDIA_TYPE,
      ...(body !== undefined && type !== 'form' && { 'content-type': type ? MEDIA_TYPE : 'application/json' }),
      ...this.options.headers,
      ...headers,
      ...options?.headers,
    };
  }

  private async authorize(headers: Headers): Promise<unknown> {
    const { session, token } = this.options;
    if (token !== undefined) {
      headers.set('authorization', `Bearer ${typeof token === 'string' ? token : await token()}`);
    }
    return session?.authorize(headers);
  }

  private async once(call: Call, headers: Headers): Promise<Document | undefined> {
    const { method, body, type, options = {} } = call;
    const { session, fetch: send = fetch } = this.options;
    const { signal, timeout = this.options.timeout ?? TIMEOUT_MS } = options;
    const late = AbortSignal.timeout(timeout);
    const form = type === 'form' ? new URLSearchParams(body as Record<string, string>) : undefined;
    const sent = form ?? (body === undefined ? undefined : JSON.stringify(body));
    let response: Response;
    let text: string;
    try {
      response = await send(this.address(call), {
        method,
        headers,
        ...(sent !== undefined && { body: sent }),
        credentials: session?.cookies ? 'include' : 'omit',
        signal: signal ? AbortSignal.any([signal, late]) : late,
      });
      text = await response.text();
    } catch (error) {
      signal?.throwIfAborted();
      if (late.aborted) throw new TimeoutError(`${method} ${call.path}: no response within ${timeout} ms`);
      throw new ConnectionError(`${method} ${call.path}: ${(error as Error).message}`, { cause: error });
    }
    session?.received?.(response);
    const document = /[/+]json/.test(response.headers.get('content-type') ?? '') && text ? JSON.parse(text) : undefined;
    if (!response.ok) throw errorOf(response.status, document, response.headers);
    return document as Document | undefined;
  }
}

/** The pause before the next attempt, in milliseconds; undefined where another one is not safe. */
function waitAfter(error: unknown, headers: Headers, { method, isBare }: Call, attempt: number): number | undefined {
  const isApi = error instanceof ApiError;
  // A request with an Idempotency-Key is executed once, however often it is sent. One that a limit rejected was not executed.
  // A refresh gives the same tokens again within ten seconds.
  const isSafe = method === 'GET' || isBare || headers.has('idempotency-key') || (isApi && error.status === 429);
  const isPassing = isApi
    ? error.status === 429 || STATUSES.includes(error.status) || (error.status === 409 && isRunning(error))
    : error instanceof ConnectionError;
  if (!isSafe || !isPassing) return undefined;
  const jitter = Math.random() * PAUSE_MS * 2 ** attempt;
  return isApi ? (error.retryAfter ?? 0) * 1000 + jitter : jitter;
}

/** The first request with this key has no response yet. */
const isRunning = (error: ApiError): boolean => error.at('Idempotency-Key').length > 0;

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}
