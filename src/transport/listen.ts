import dns from 'node:dns/promises';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

const LOCALHOST = 'localhost';

/**
 * Listens on every address of `localhost`, and on one address otherwise. Fastify would create another HTTP server for
 * `[::1]` without the connection limits of the first: here its connections are passed to the first.
 * @throws the system error when the port is in use
 */
export async function listen(app: NestFastifyApplication, host: string, port: number): Promise<void> {
  if (host !== LOCALHOST) {
    await app.listen({ host, port });
    return;
  }
  const [first = '127.0.0.1', ...others] = await addressesOf(host);
  await app.listen({ host: first, port });
  const server: Server = app.getHttpServer();
  const bound = (server.address() as AddressInfo).port;
  await Promise.all(others.map((address) => listenBeside(server, address, bound)));
}

async function addressesOf(host: string): Promise<string[]> {
  const found = await dns.lookup(host, { all: true });
  return [...new Set(found.map(({ address }) => address))];
}

/** An unavailable address, such as IPv6 on a host without it, is skipped. */
async function listenBeside(server: Server, host: string, port: number): Promise<void> {
  const beside = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => server.emit('connection', socket));
  beside.maxConnections = server.maxConnections;
  beside.on('drop', (peer) => server.emit('drop', peer));
  try {
    await once(beside.listen({ host, port }), 'listening');
  } catch {
    return;
  }
  server.once('close', () => beside.close());
}
