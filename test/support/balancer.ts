import { once } from 'node:events';
import {
  Agent,
  createServer,
  get,
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Time between two looks at whether an instance is ready, in ms. */
const LOOK_MS = 100;
/** So often in turn an instance may say nothing before it counts as gone. What it says counts at once. */
const SILENCES = 3;

/** Spreads requests over the instances that say that they are ready, in turn. It repeats none, and hides no failure. */
export class Balancer {
  private readonly agent = new Agent({ keepAlive: true });
  private readonly instances = new Map<string, boolean>();
  private readonly silent = new Map<string, number>();
  private readonly stopping = new AbortController();
  private readonly looking: Promise<void>;
  private turn = 0;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {
    server.on('request', (incoming, response) => this.forward(incoming, response));
    this.looking = this.look();
  }

  static async start(): Promise<Balancer> {
    // Kept until the client lets go: after five idle seconds, its own end of a connection would meet the next request.
    const server = createServer({ keepAliveTimeout: 0 });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Balancer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  /** Looks at this instance from now on, and waits until it is ready. */
  async add(url: string): Promise<void> {
    this.instances.set(url, false);
    while (this.instances.get(url) === false) await sleep(LOOK_MS / 2);
  }

  remove(url: string): void {
    this.instances.delete(url);
  }

  /** Ends it; connections to the instances go with it. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.looking;
    this.agent.destroy();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async look(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await Promise.all(
        [...this.instances.keys()].map(async (url) => {
          const ready = await isReady(url);
          const silences = ready === null ? (this.silent.get(url) ?? 0) + 1 : 0;
          this.silent.set(url, silences);
          if (!this.instances.has(url) || (ready === null && silences < SILENCES)) return;
          this.instances.set(url, ready === true);
        }),
      );
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private forward(incoming: IncomingMessage, response: ServerResponse): void {
    const ready = [...this.instances].filter(([, isReady]) => isReady).map(([url]) => url);
    const target = ready[this.turn++ % ready.length];
    if (target === undefined) {
      response.writeHead(502).end('"no instance is ready"');
      return;
    }
    const { method, headers } = incoming;
    const outgoing = request(
      target + incoming.url,
      { method, headers: passed(headers), agent: this.agent },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, passed(answer.headers));
        answer.pipe(response);
        answer.on('error', () => response.destroy());
      },
    );
    outgoing.on('error', (error) => response.writeHead(502).end(JSON.stringify(error.message)));
    incoming.pipe(outgoing);
  }
}

/** Headers without those that are about a connection, which is no business of the other side's. */
function passed(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !/^(connection|keep-alive)$/.test(name)));
}

/** One look, on a connection of its own; null when there is no answer. */
function isReady(url: string): Promise<boolean | null> {
  return new Promise((resolve) => {
    const look = get(`${url}/health/ready`, { agent: false, timeout: 2_000 }, (response) => {
      // The status is all there is to know; an instance may end before the rest is here.
      response.on('error', () => undefined).resume();
      resolve(response.statusCode === 200);
    });
    look.on('timeout', () => look.destroy());
    look.on('error', () => resolve(null));
  });
}
