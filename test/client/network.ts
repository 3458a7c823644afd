/** What lies between a client and a service, in tests of the client. */

/** A request that was sent. */
export interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: unknown;
}

/** The network of a client: what it sends, and what becomes of it. */
export class Network {
  readonly sent: SentRequest[] = [];
  private readonly events: ((send: () => Promise<Response>, request: SentRequest) => Promise<Response>)[] = [];

  /** @param send what answers what nothing happens to */
  constructor(private readonly send: typeof fetch = fetch) {}

  readonly fetch: typeof fetch = (input, init = {}) => {
    const { pathname, search } = new URL(String(input));
    const body = typeof init.body === 'string' ? JSON.parse(init.body) : init.body;
    const request = { method: init.method ?? 'GET', path: pathname + search, headers: new Headers(init.headers), body };
    this.sent.push(request);
    const event = this.events.shift();
    const send = (): Promise<Response> => this.send(input, init);
    return event ? event(send, request) : send();
  };

  /** The next request gets this response, and no service sees it. */
  answers(status: number, errors: readonly object[] = [], headers: Record<string, string> = {}): this {
    const init = { status, headers: { 'content-type': 'application/vnd.api+json', ...headers } };
    this.events.push(async () => new Response(JSON.stringify({ errors }), init));
    return this;
  }

  /** The next request does not get anywhere. */
  breaks(): this {
    this.events.push(async () => Promise.reject(new TypeError('fetch failed')));
    return this;
  }

  /** The next request is done, and its response is lost. */
  losesResponse(): this {
    this.events.push(async (send) => {
      await send();
      throw new TypeError('terminated');
    });
    return this;
  }

  /** How often an operation was sent, such as `POST /auth/refresh`. */
  count(operation: string): number {
    return this.sent.filter(({ method, path }) => `${method} ${path.split('?')[0]}` === operation).length;
  }
}
