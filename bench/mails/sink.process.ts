import { once } from 'node:events';
import { SMTPServer } from 'smtp-server';
import type { AddressInfo } from 'node:net';
import type { Counted, Listening, Order } from './sink.js';

/**
 * An SMTP server that takes every mail and keeps none but the last. On the message `{ count }` it counts anew, and replies
 * once so many have come, with the time between the first and the last.
 */
let wanted = Number.POSITIVE_INFINITY;
let came = 0;
let firstAt = 0;

function take(source: string): void {
  came++;
  if (came === 1) firstAt = performance.now();
  if (came < wanted) return;
  process.send?.({ seconds: (performance.now() - firstAt) / 1000, last: source } satisfies Counted);
}

const server = new SMTPServer({
  disabledCommands: ['AUTH', 'STARTTLS'],
  onData: (stream, _session, callback) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      take(Buffer.concat(chunks).toString());
      callback();
    });
  },
});
// A client that is stopped.
server.on('error', () => undefined);
server.listen(0, '127.0.0.1');
await once(server.server, 'listening');
process.on('message', ({ count }: Order) => {
  wanted = count;
  came = 0;
  process.send?.({ counting: true });
});
process.once('disconnect', () => process.exit());
process.send?.({ port: (server.server.address() as AddressInfo).port } satisfies Listening);
