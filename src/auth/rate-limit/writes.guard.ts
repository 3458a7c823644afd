import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { CrossSite, SAFE_METHODS } from '../authentication/cross-site.js';
import { WriteLimit } from './write-limit.js';

/**
 * The second global guard: who is asking is known and the body is not read yet. Counts the requests of signed-in accounts
 * that may change something, whatever comes of them.
 */
@Injectable()
export class WritesGuard implements CanActivate {
  constructor(
    private readonly limit: WriteLimit,
    private readonly crossSite: CrossSite,
  ) {}

  /** @throws JsonApiException `too_many_requests`; `unavailable` when it cannot be counted */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { method, authentication } = request;
    if (!authentication || SAFE_METHODS.has(method)) return true;
    // RightsGuard rejects it. Another site does not use up what its visitor may write here.
    if (this.crossSite.isForeign(request)) return true;
    const counted = this.limit.count(authentication.actor.id);
    return counted ? counted.then(() => true) : true;
  }
}
