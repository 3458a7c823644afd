import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Transform } from 'node:stream';

/** A client's connection, and the one that was made to the database for it. */
interface Link {
  readonly client: Socket;
  readonly server: Socket;
  /** Nothing passes any more, not even that one side has closed. */
  isSwallowed: boolean;
}

/**
 * Stands between a service and its database, and can be cut, slow or a black hole. It can lead to another server later, as
 * an address does that moves, a name in the DNS or a pooler.
 */
export class TcpProxy {
  /** Everything arrives so much later, in both directions, in ms. */
  delayMs = 0;

  private readonly sockets = new Set<Socket>();
  private readonly links = new Set<Link>();
  private isCut = false;
  private swallows = false;
  private unwelcome: string | null = null;

  private constructor(
    private readonly server: Server,
    /** The database's URL, by way of this proxy. */
    readonly url: string,
    private target: URL,
  ) {}

  /** Opens a proxy to the database at this URL. */
  static async open(databaseUrl: string): Promise<TcpProxy> {
    const server = createServer((client) => proxy.join(client));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = new URL(databaseUrl);
    url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const proxy = new TcpProxy(server, url.href, new URL(databaseUrl));
    return proxy;
  }

  /** New connections lead to the server of this URL from now on; those that stand stay with theirs. */
  leadTo(databaseUrl: string): void {
    this.target = new URL(databaseUrl);
  }

  /** Ends every connection, and each new one at once. */
  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  /**
   * Drops all data silently: neither side of a connection is closed, new ones are accepted and lead nowhere.
   * Those that it happened to stay so, as where a firewall has forgotten them.
   */
  swallow(): void {
    this.swallows = true;
    for (const link of this.links) {
      link.isSwallowed = true;
      for (const socket of [link.client, link.server]) socket.unpipe().resume();
    }
  }

  /** Cuts the one connection over which the server next says this: it has been done, and who asked for it never hears. */
  loseResponseWith(text: string): void {
    this.unwelcome = text;
  }

  /** Lets new connections through again. */
  mend(): void {
    this.isCut = false;
    this.swallows = false;
  }

  async close(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(client: Socket): void {
    if (this.isCut) {
      client.destroy();
      return;
    }
    this.keep(client);
    if (this.swallows) {
      client.resume();
      return;
    }
    const server = this.keep(connect(Number(this.target.port || 5432), this.target.hostname));
    const link: Link = { client, server, isSwallowed: false };
    this.links.add(link);
    for (const socket of [client, server]) {
      socket.on('close', () => {
        this.links.delete(link);
        if (link.isSwallowed) return;
        client.destroy();
        server.destroy();
      });
    }
    client.pipe(this.delay()).pipe(server).pipe(this.lose(link)).pipe(this.delay()).pipe(client);
  }

  private keep(socket: Socket): Socket {
    this.sockets.add(socket);
    return socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
  }

  private lose({ client, server }: Link): Transform {
    const responses = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        const isLost = this.unwelcome !== null && chunk.includes(this.unwelcome);
        if (!isLost) return done(null, chunk);
        this.unwelcome = null;
        client.destroy();
        server.destroy();
      },
    });
    return responses.on('error', () => undefined);
  }

  /** One chunk after the other, so that none overtakes another. */
  private delay(): Transform {
    const delayed = new Transform({
      transform: (chunk, _encoding, done) => {
        if (this.delayMs === 0) done(null, chunk);
        else setTimeout(done, this.delayMs, null, chunk);
      },
    });
    return delayed.on('error', () => undefined);
  }
}
