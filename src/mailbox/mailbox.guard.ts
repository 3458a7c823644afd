import { BlockList, isIP } from 'node:net';
import { createHash, timingSafeEqual } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { normalizeAddress } from '../auth/authentication/client-address.js';
import { apiError } from '../json-api/document/errors.js';
import { Config } from '../config/config.js';
import { developmentSecret } from '../config/development-secrets.js';

/**
 * The token in the URL of the development mailbox, 32 random characters. Generated once per `DATA_DIR`, so that
 * bookmarks stay valid. The address of the client is not enough: behind a proxy on this machine every request looks
 * local.
 */
@Injectable()
export class MailboxToken {
  private readonly token: string;

  constructor(@Inject(Config) config: Pick<Config, 'dataDir'>) {
    this.token = developmentSecret(config.dataDir, 'MAILBOX_TOKEN');
  }

  /** Path of the mailbox, printed at start. */
  get path(): string {
    return `/dev/mailbox/${this.token}`;
  }

  /** Compares in constant time. */
  matches(sent: string): boolean {
    const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
    return timingSafeEqual(digest(sent), digest(this.token));
  }
}

/** Loopback, link-local and private addresses (RFC 1122, 1918, 3927, 4193, 4291). */
const NEAR = new BlockList();
for (const [address, bits] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
] as const) {
  NEAR.addSubnet(address, bits, 'ipv4');
}
for (const [address, bits] of [
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
] as const) {
  NEAR.addSubnet(address, bits, 'ipv6');
}

/** Headers that proxies add. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'via'];

/**
 * Mails contain tokens, which must not be public even when the service runs without NODE_ENV=production: the URL
 * contains a random token, which is printed at start. Also, the mailbox is available only to this machine and its
 * network, not through a proxy, and not under a public DNS name (DNS rebinding).
 */
@Injectable()
export class MailboxGuard implements CanActivate {
  constructor(private readonly token: MailboxToken) {}

  /** @throws ApiError `forbidden` */
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest<{ Params: { token?: string } }>>();
    const peer = normalizeAddress(request.socket.remoteAddress ?? '') ?? '';
    const isNear = NEAR.check(peer, isIP(peer) === 6 ? 'ipv6' : 'ipv4');
    const isForwarded = FORWARDED.some((name) => name in request.headers);
    if (!isNear || isForwarded || !isOwnName(request.hostname)) {
      throw apiError('forbidden', 'The development mailbox is shown on this machine and in its own network only');
    }
    if (this.token.matches(request.params.token ?? '')) return true;
    throw apiError(
      'forbidden',
      'The address of the development mailbox carries a token; the service prints it at its start',
    );
  }
}

/** An IP address, or a name without dots, which public DNS does not have. */
function isOwnName(hostname: string): boolean {
  const name = hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(name) !== 0 || /^[\w-]+$/.test(name) || /\.(?:localhost|local|internal|test)$/.test(name);
}
