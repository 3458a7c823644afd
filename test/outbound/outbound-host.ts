import { once } from 'node:events';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import type { Certificates } from '../support/certificates.js';

/** A server of a test. */
export interface TestServer {
  readonly port: number;
  stop(): Promise<void>;
}

async function listen(server: Server): Promise<TestServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => undefined));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Another host, over TLS. */
export const startHost = ({ key, cert }: Certificates, handler: RequestListener): Promise<TestServer> =>
  listen(createServer({ key, cert }, handler).on('tlsClientError', () => undefined));

/** Another host, in clear. */
export const startPlainHost = (handler: RequestListener): Promise<TestServer> => listen(createHttp(handler));

/** What a proxy was asked for: the target of CONNECT and the credentials. */
export interface Tunnel {
  readonly target: string;
  readonly authorization: string | undefined;
}

/** A proxy that leads every CONNECT to one local port; another `status` than 200 denies it, 0 never responds. */
export async function startProxy(port: number, tunnels: Tunnel[], status = 200): Promise<TestServer> {
  const proxy = createHttp((_, response) => response.writeHead(405).end());
  proxy.on('connect', ({ url = '', headers }, client: Socket) => {
    tunnels.push({ target: url, authorization: headers['proxy-authorization'] });
    client.on('error', () => undefined);
    if (status === 0) return;
    if (status !== 200) return void client.end(`HTTP/1.1 ${status} Denied\r\n\r\n`);
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    for (const socket of [client, upstream]) {
      socket.on('error', () => undefined).on('close', () => [client, upstream].forEach((one) => one.destroy()));
    }
  });
  return listen(proxy);
}
