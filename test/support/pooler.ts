import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Client } from 'pg';

/** What PgBouncer takes when a client says hello; the rest it rejects. */
const KNOWN_PARAMETERS = new Set(['user', 'database', 'application_name', 'client_encoding', 'DateStyle', 'TimeZone']);
const PROTOCOL_3 = 196_608;
const SSL_REQUEST = 80_877_103;

/** A connection to PostgreSQL that clients take turns at. */
interface Backend {
  readonly socket: Socket;
  readonly client: Client;
  readonly parameters: readonly Buffer[];
}

/**
 * Poolers as their clients meet them, without installing one: it signs in to PostgreSQL by itself, answers the hello of
 * its clients, rejects start-up parameters that it does not know, and lends its connections for a session or for a
 * transaction. Everything else goes to a real PostgreSQL and back as it is. The tests of `.ci/run` use PgBouncer.
 */
export class TestPooler {
  private readonly idle: Backend[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly waiting: (() => void)[] = [];
  private readonly backends = new Set<Backend>();
  private opening = 0;

  private constructor(
    private readonly server: Server,
    private readonly target: string,
    readonly mode: 'session' | 'transaction',
    private readonly size: number,
    /** The database's URL, by way of this pooler. */
    readonly url: string,
  ) {}

  /** @param size connections to PostgreSQL at most, in transaction mode */
  static async open(databaseUrl: string, mode: 'session' | 'transaction', size = 4): Promise<TestPooler> {
    const server = createServer((socket) => pooler.greet(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = new URL(databaseUrl);
    url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const pooler = new TestPooler(server, databaseUrl, mode, mode === 'session' ? Infinity : size, url.href);
    return pooler;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    for (const { socket } of this.backends) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  /** The number of connections to PostgreSQL. */
  get connections(): number {
    return this.backends.size;
  }

  private greet(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
    let received: Buffer = Buffer.alloc(0);
    const hear = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 8 || received.length < received.readInt32BE(0)) return;
      const hello = received.subarray(8, received.readInt32BE(0));
      const code = received.readInt32BE(4);
      received = received.subarray(received.readInt32BE(0));
      if (code === SSL_REQUEST) return void socket.write('N');
      socket.off('data', hear);
      if (code !== PROTOCOL_3) return void socket.end();
      const names = hello
        .toString()
        .split('\0')
        .filter((_text, index) => index % 2 === 0);
      const unknown = names.find((name) => name !== '' && !KNOWN_PARAMETERS.has(name));
      if (unknown !== undefined) return void socket.end(failure(`unsupported startup parameter: ${unknown}`));
      this.serve(socket).catch((error: unknown) => socket.end(failure(String(error))));
    };
    socket.on('data', hear);
  }

  private async serve(socket: Socket): Promise<void> {
    let backend: Backend | null = await this.take();
    const welcome = [message('R', int32(0)), ...backend.parameters, message('K', int32(1), int32(1))];
    socket.write(Buffer.concat([...welcome, message('Z', Buffer.from('I'))]));
    let expected = 0;
    const fromServer = messages((type, whole) => {
      socket.write(whole);
      if (type === 'Z') expected--;
      if (type !== 'Z' || whole.toString('latin1', 5) !== 'I' || expected > 0 || this.mode === 'session') return;
      const free = backend;
      backend = null;
      if (free) this.giveBack(free, fromServer);
    });
    if (this.mode === 'session') backend.socket.on('data', fromServer);
    else this.giveBack(backend, fromServer);
    if (this.mode === 'transaction') backend = null;
    let queue = Promise.resolve();
    const fromClient = messages((type, whole) => {
      queue = queue.then(async () => {
        if (type === 'X') return void socket.end();
        if (backend === null) {
          backend = await this.take();
          backend.socket.on('data', fromServer);
        }
        if (type === 'S' || type === 'Q') expected++;
        backend.socket.write(whole);
      });
    });
    socket.on('data', fromClient);
    // What a client leaves behind in the middle of something is of no use to others.
    socket.on('close', () => backend?.socket.destroy());
  }

  private async take(): Promise<Backend> {
    const idle = this.idle.pop();
    if (idle) return idle;
    if (this.backends.size + this.opening >= this.size) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
      return this.take();
    }
    this.opening++;
    try {
      return await this.connect();
    } finally {
      this.opening--;
    }
  }

  private giveBack(backend: Backend, listener: (chunk: Buffer) => void): void {
    backend.socket.off('data', listener);
    this.idle.push(backend);
    this.waiting.shift()?.();
  }

  /** `pg` signs in, and leaves the rest to us. */
  private async connect(): Promise<Backend> {
    const client = new Client({ connectionString: this.target, application_name: 'test pooler' });
    const parameters: Buffer[] = [];
    client.on('error', () => undefined);
    client.connection.on('parameterStatus', ({ parameterName, parameterValue }: Record<string, string>) =>
      parameters.push(message('S', Buffer.from(`${parameterName}\0${parameterValue}\0`))),
    );
    await client.connect();
    const socket = client.connection.stream as Socket;
    socket.removeAllListeners('data');
    const backend = { socket, client, parameters };
    this.backends.add(backend);
    socket.on('close', () => {
      this.backends.delete(backend);
      const index = this.idle.indexOf(backend);
      if (index !== -1) this.idle.splice(index, 1);
      this.waiting.shift()?.();
    });
    return backend;
  }
}

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
}

/** A message of PostgreSQL's protocol: its type, its length, its content. */
function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(content.length + 4), content]);
}

const failure = (text: string): Buffer => message('E', Buffer.from(`SFATAL\0VFATAL\0C08P01\0M${text}\0\0`));

/** Cuts a stream of bytes into messages. */
function messages(take: (type: string, whole: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length >= rest.readInt32BE(1) + 1) {
      const whole = rest.subarray(0, rest.readInt32BE(1) + 1);
      rest = rest.subarray(whole.length);
      take(String.fromCharCode(whole[0] ?? 0), whole);
    }
  };
}
