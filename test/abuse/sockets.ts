import { connect, type Socket } from 'node:net';

/** Where attackers' sockets come from and go to. */
export interface Line {
  readonly port: number;
  /** An address of the loopback range. */
  readonly from: string;
}

/** One way to hold a connection without sending a request that can be answered. */
export interface Misuse {
  readonly name: string;
  /** How many connections do it at once. */
  readonly connections: number;
  /** Is called with a connected socket, and every 20 ms as long as the service keeps it. */
  readonly begin: (socket: Socket) => void;
  readonly tick?: (socket: Socket) => void;
}

const POST_CHUNKED =
  'POST /auth/refresh HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
/** Two thousand chunks of one byte each, 12 KB on the wire. */
const TINY_CHUNKS = '1\r\n \r\n'.repeat(2_000);
/** What the service writes to a connection that reads nothing: the largest answer that a stranger may ask for. */
const UNREAD = 'GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(20);

export const MISUSES: readonly Misuse[] = [
  {
    name: 'one-byte chunks',
    connections: 4,
    begin: (socket) => socket.write(POST_CHUNKED),
    tick: (socket) => socket.write(TINY_CHUNKS),
  },
  {
    name: 'a dripping body',
    connections: 50,
    begin: (socket) =>
      socket.write(
        'POST /auth/refresh HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n',
      ),
    tick: (socket) => socket.write(' '),
  },
  {
    name: 'a silent body',
    connections: 50,
    begin: (socket) =>
      socket.write(
        'POST /auth/refresh HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n',
      ),
  },
  { name: 'half a head', connections: 50, begin: (socket) => socket.write('GET /health/live HTTP/1.1\r\nHost: a\r\n') },
  {
    name: 'responses that are not read',
    connections: 20,
    begin: (socket) => {
      socket.pause();
      socket.write(UNREAD);
    },
  },
  { name: 'connections that say nothing', connections: 200, begin: () => undefined },
];

const TICK_MS = 20;

/** Keeps so many connections in misuse until the end; a closed one is replaced after a while. */
export function misuse({ begin, tick, connections }: Misuse, { port, from }: Line, untilMs: number): () => void {
  const open = new Set<Socket>();
  const add = (): void => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: from });
    open.add(socket);
    socket.on('connect', () => begin(socket));
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(socket));
    if (!tick) return;
    const timer = setInterval(() => {
      // What the service does not take is not piled up here.
      if (!socket.destroyed && socket.writable && socket.writableLength < 1024 * 1024) tick(socket);
    }, TICK_MS);
    socket.on('close', () => clearInterval(timer));
  };
  const refill = setInterval(() => {
    for (let missing = connections - open.size; missing > 0 && performance.now() < untilMs; missing--) add();
  }, 500);
  return () => {
    clearInterval(refill);
    for (const socket of open) socket.destroy();
  };
}
