import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { addressBlockOf, normalizeAddress, trustedProxyCheck } from '../auth/authentication/client-address.js';
import type { Config } from '../config/config.js';
import type { Rejection } from './rejections.js';

type Reject = (reason: Rejection, ip: string | undefined) => void;

/**
 * Bounds the connections of an address, and all of them. Trusted proxies are exempt from the first: theirs are the
 * connections of everybody. What is too much is closed without an answer, since an answer is work.
 */
export function limitConnections(
  server: Server,
  { connectionLimits, throttle, trustedProxies }: Pick<Config, 'connectionLimits' | 'throttle' | 'trustedProxies'>,
  reject: Reject,
): void {
  if (throttle.disabled) return;
  const { perAddress, total } = connectionLimits;
  const isTrusted = trustedProxyCheck(trustedProxies);
  const open = new Map<string, number>();
  server.maxConnections = total;
  server.on('drop', (peer) => reject('connections', peer?.remoteAddress));
  server.on('connection', (socket: Socket) => {
    const address = normalizeAddress(socket.remoteAddress ?? '');
    if (address === null || isTrusted(address)) return;
    const block = addressBlockOf(address);
    const count = open.get(block) ?? 0;
    if (count >= perAddress) {
      reject('address_connections', address);
      socket.destroy();
      return;
    }
    open.set(block, count + 1);
    socket.once('close', () => {
      const left = (open.get(block) ?? 1) - 1;
      if (left === 0) open.delete(block);
      else open.set(block, left);
    });
  });
}

/** Ends connections whose client takes nothing of its answer; Node finds them (`connectionTimeout`). */
export function closeUnreadAnswers(server: Server, reject: Reject): void {
  server.on('timeout', (socket: Socket) => {
    if (socket.writableLength > 0) reject('response_timeout', socket.remoteAddress);
    socket.destroy();
  });
}
