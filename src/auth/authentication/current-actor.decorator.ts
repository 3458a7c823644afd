import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Actor } from '../authorization/actor.js';
import { authenticationOf, type Authentication } from './authentication.js';

const authenticationIn = (context: ExecutionContext): Authentication =>
  authenticationOf(context.switchToHttp().getRequest<FastifyRequest>());

/** The signed-in {@link Actor} of the request. Not for `@Public()` routes, which have none. */
export const CurrentActor = createParamDecorator((_: undefined, context): Actor => authenticationIn(context).actor);

/** The actor together with the expiry of the access token, for the document of `/auth/me`. */
export const CurrentAuthentication = createParamDecorator((_: undefined, context) => authenticationIn(context));
