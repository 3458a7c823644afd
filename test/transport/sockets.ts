import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestApp } from '../support/app.js';

/** A connection to a service, on which bytes are sent as they are. */
export async function open(app: Pick<TestApp, 'url'>): Promise<Connection> {
  const { hostname, port } = new URL(app.url);
  const socket = connect(Number(port), hostname.replace(/^\[|\]$/g, ''));
  // A service that ends a connection while it is being written to is what many of these tests are about.
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return new Connection(socket);
}

export class Connection {
  #received = '';

  constructor(readonly socket: Socket) {
    socket.on('data', (bytes: Buffer) => (this.#received += bytes.toString('latin1')));
  }

  /** Everything that came so far. */
  get received(): string {
    return this.#received;
  }

  /** The statuses of the answers that came so far. */
  get statuses(): number[] {
    return [...this.#received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  }

  get isOpen(): boolean {
    return !this.socket.destroyed && this.socket.readable;
  }

  write(bytes: string | Buffer): this {
    this.socket.write(bytes);
    return this;
  }

  /** Waits until so many answers have begun, or the connection has ended. */
  async responses(count = 1): Promise<number[]> {
    while (this.statuses.length < count && this.isOpen) await sleep(5);
    // The rest of a document is here a moment later.
    await sleep(20);
    return this.statuses;
  }

  /** Waits for the end of the connection, and gives everything that came. */
  async ended(): Promise<string> {
    // Not by `once`, which rejects when the connection is reset.
    if (!this.socket.closed) await new Promise((resolve) => this.socket.once('close', resolve));
    return this.#received;
  }

  close(): void {
    this.socket.destroy();
  }
}

/** The head of a request. */
export const head = (line: string, headers: Record<string, string | number> = {}): string =>
  [`${line} HTTP/1.1`, 'host: iam', ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)].join(
    '\r\n',
  ) + '\r\n\r\n';

/** Bytes as chunks of one byte each (RFC 9112, 7.1): six on the wire for each of them. */
export const tinyChunks = (count: number): Buffer => Buffer.from('1\r\nx\r\n'.repeat(count));
