import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { refuse } from '../json-api/errors.js';
import { accessOf } from './access.js';
import { authenticationOf } from './authentication.js';

/**
 * The second global guard: the caller needs some right to the route's action on its kind of resource. Which rows it may
 * touch is decided in the repository's WHERE clause. A route that asks for nothing and is not public is closed.
 */
@Injectable()
export class RightsGuard implements CanActivate {
  /** @throws JsonApiException `forbidden` */
  canActivate(context: ExecutionContext): boolean {
    const access = accessOf(context);
    if (access?.kind === 'public') return true;
    const { actor } = authenticationOf(context.switchToHttp().getRequest<FastifyRequest>());
    if (access?.kind === 'signed-in') return true;
    if (!access) throw refuse('forbidden', 'Nobody may use this operation');
    if (actor.scopes(access.resourceType, access.action).size > 0) return true;
    throw refuse('forbidden', `Your role may not ${access.action} ${access.resourceType}`);
  }
}
