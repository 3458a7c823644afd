import { Agent, request } from 'node:http';

/** One HTTP request. Brackets in the path are percent-encoded when it is sent. */
export interface Shot {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What a request cost and brought, as the client sees it. */
export interface Reply {
  /** 0 when the connection ended without an answer. */
  readonly status: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly ms: number;
}

/** Sends requests from one address of the loopback range, one connection each. */
export class Client {
  private readonly agent: Agent;

  constructor(
    private readonly url: string,
    readonly from = '127.0.0.1',
  ) {
    this.agent = new Agent({ keepAlive: true, localAddress: from });
  }

  /** Sends a request; the answer is counted and thrown away. It never rejects. */
  send({ method, path, headers = {}, body }: Shot): Promise<Reply> {
    const began = performance.now();
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const target = path.replaceAll('[', '%5B').replaceAll(']', '%5D');
    const head = Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
    const sentBytes = method.length + target.length + 12 + head + (body === undefined ? 0 : Buffer.byteLength(body));
    return new Promise((resolve) => {
      const done = (status: number, receivedBytes: number): void =>
        resolve({ status, sentBytes, receivedBytes, ms: performance.now() - began });
      const sent = request(
        this.url + target,
        { method, headers: { ...headers, ...length }, agent: this.agent },
        (response) => {
          let received = response.rawHeaders.reduce((sum, part) => sum + part.length + 2, 0);
          response.on('data', (chunk: Buffer) => (received += chunk.length));
          response.on('error', () => undefined);
          response.on('close', () => done(response.statusCode ?? 0, received));
        },
      );
      sent.on('error', () => done(0, 0));
      sent.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
