import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { refuse, type JsonApiException } from '../../json-api/document/errors.js';
import { AccessTokens } from '../tokens/access-tokens.js';
import { accessOf } from '../authorization/access.js';
import { ActorLoader } from '../sessions/actor-loader.js';
import { challenge } from './challenge.js';
import { credentialsOf } from './credentials.js';
import { CrossSite } from './cross-site.js';

/**
 * The first global guard, before the body is read: every route but the public ones needs an access token whose session
 * is alive. It denies by throwing, so a fault anywhere in it denies too: with 503 when the database cannot say who is
 * asking.
 */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  constructor(
    private readonly tokens: AccessTokens,
    private readonly actors: ActorLoader,
    private readonly crossSite: CrossSite,
  ) {}

  /** @throws JsonApiException `unauthenticated`, or `forbidden` for a cross-site request; and what the driver throws */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    // A public route does not look at tokens at all, so a stale one cannot close it.
    if (accessOf(context)?.kind === 'public') return true;

    const credentials = credentialsOf(request);
    if (!credentials) throw this.denial(request, 'Sign in first');
    // In the steady state both are remembered, and nothing is waited for.
    return now(this.tokens.verify(credentials.token), (verified) => {
      if (!verified) throw this.denial(request, 'The access token is not valid or has expired', 'invalid_token');
      return now(this.actors.load(verified.sid, verified.sub), (actor) => {
        if (!actor) throw this.denial(request, 'The session has ended', 'invalid_token');
        request.authentication = { actor, exp: verified.exp };
        return true;
      });
    });
  }

  /** @throws JsonApiException `forbidden` where another site has sent a cookie that is no good: it learns no more */
  private denial(request: FastifyRequest, detail: string, error?: 'invalid_token'): JsonApiException {
    this.crossSite.check(request);
    return refuse('unauthenticated', detail, { header: 'Authorization' }, { headers: challenge(error) });
  }
}

/** Goes on with a value: now if it is there, else when it comes. */
function now<Value, Result>(
  value: Value | Promise<Value>,
  next: (value: Value) => Result | Promise<Result>,
): Result | Promise<Result> {
  return value instanceof Promise ? value.then(next) : next(value);
}
