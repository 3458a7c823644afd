import autocannon from 'autocannon';

/** What is sent again and again. */
export interface Traffic {
  /** Sent in turn, each connection its share of them. */
  readonly requests: readonly autocannon.Request[];
  /**
   * Gives each connection a chain of its own instead, in which a response's body makes the next request. Called once a
   * connection of each measurement.
   */
  readonly chain?: () => { readonly first: autocannon.Request; next(body: string): autocannon.Request };
  /** The expected status of every response. */
  readonly status: number;
}

/** A request without a body. */
export const get = (path: string, headers: Record<string, string>): autocannon.Request => ({
  method: 'GET',
  path: path.replaceAll('[', '%5B').replaceAll(']', '%5D').replaceAll(' ', '%20'),
  headers,
});

/** A request with a body, in JSON. */
export const sending = (
  method: 'POST' | 'PATCH',
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): autocannon.Request => ({
  method,
  path,
  headers: { ...headers, 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** What one measurement found. */
export interface Measured {
  /** Answers a second. */
  readonly perSecond: number;
  /** Time from when all requests were built to the last response. */
  readonly seconds: number;
  readonly responses: number;
  /** Time until a response, in milliseconds: half of them were faster, and 99 in 100. */
  readonly p50: number;
  readonly p99: number;
}

export interface LoadOptions {
  readonly connections: number;
  readonly seconds: number;
}

/** So many requests in all, each of which is answered: none is left for the next measurement. */
export interface CountedLoad {
  readonly connections: number;
  readonly requests: number;
}

/** Maximum time until a response, in seconds. */
const TIMEOUT_SECONDS = 60;
/** How often is looked whether all responses have come, in milliseconds. */
const POLL_MS = 50;

/** @throws Error when a response has an unexpected status, or none comes */
export async function fire(url: string, traffic: Traffic, options: LoadOptions | CountedLoad): Promise<Measured> {
  const { connections } = options;
  const { requests, chain, status } = traffic;
  const times: number[] = [];
  // autocannon builds the requests of a connection before it opens it, the first ones' before the last one's are built.
  let [builtAt, lastCameAt, unlike, started] = [0, 0, 0, 0];
  const each = 'requests' in options ? Math.ceil(options.requests / connections) : undefined;
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const cannon = autocannon(
      {
        url,
        connections,
        timeout: TIMEOUT_SECONDS,
        sampleInt: POLL_MS,
        ...('requests' in options ? { amount: options.requests } : { duration: options.seconds }),
        setupClient: (client) => {
          if (chain) follow(client, chain());
          else client.setRequests(shareOf(requests, started++, connections).slice(0, each));
          builtAt = performance.now();
        },
      },
      (error: unknown, found: autocannon.Result) => (error ? reject(error) : resolve(found)),
    );
    cannon.on('response', (_client, code, _bytes, milliseconds) => {
      lastCameAt = performance.now();
      times.push(milliseconds);
      if (code !== status) unlike++;
    });
  });
  if (unlike + result.errors > 0 || times.length === 0) {
    const codes = Object.keys(result.statusCodeStats ?? {}).join(', ');
    throw new Error(`${unlike} responses of ${times.length} were not ${status} (${codes}), ${result.errors} failed`);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  const seconds = (lastCameAt - builtAt) / 1000;
  return { perSecond: times.length / seconds, seconds, responses: times.length, p50: at(0.5), p99: at(0.99) };
}

/** Repeats one request per connection, each made from the previous response. */
function follow(client: autocannon.Client, { first, next }: ReturnType<NonNullable<Traffic['chain']>>): void {
  let following = first;
  client.setRequests([
    {
      ...first,
      setupRequest: (request) => ({ ...request, ...following }),
      onResponse: (_status, body) => {
        following = next(body);
      },
    },
  ]);
}

/** Every n-th request, so that no two connections ask for the same row at once; all of them where there are too few. */
function shareOf(requests: readonly autocannon.Request[], at: number, connections: number): autocannon.Request[] {
  const share = requests.filter((_, i) => i % connections === at);
  return share.length > 0 ? share : [...requests];
}
