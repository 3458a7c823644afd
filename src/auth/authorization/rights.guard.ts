import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { refuse } from '../../json-api/document/errors.js';
import { accessOf } from './access.js';
import { authenticationOf } from '../authentication/authentication.js';
import { CrossSite } from '../authentication/cross-site.js';

/**
 * The last global guard: another site may not act through a visitor's cookies, and the caller needs some right to the route's action on its kind of resource. Which rows it may
 * touch is decided in the repository's WHERE clause. A route that asks for nothing and is not public is closed.
 */
@Injectable()
export class RightsGuard implements CanActivate {
  constructor(private readonly crossSite: CrossSite) {}

  /** @throws JsonApiException `forbidden`; Error when nobody has found out who is asking */
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    this.crossSite.check(request);
    const access = accessOf(context);
    if (access?.kind === 'public') return true;
    const { actor } = authenticationOf(request);
    if (access?.kind === 'signed-in') return true;
    if (!access) throw refuse('forbidden', 'Nobody may use this operation');
    if (actor.scopes(access.resourceType, access.action).size > 0) return true;
    throw refuse('forbidden', `Your role may not ${access.action} ${access.resourceType}`);
  }
}
