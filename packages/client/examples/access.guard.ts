import {
  type CanActivate,
  type ExecutionContext,
  ForbiddenException,
  Injectable,
  SetMetadata,
  UnauthorizedException,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type AccessToken, AccessTokenError, verifyAccessToken, type VerifyOptions } from 'iam-client/server';

const RIGHT = 'iam-client:right';

/** The right that a route needs, in any scope: `@Needs('dataset:projects', 'read')`. */
export const Needs = (resource: string, action: string): MethodDecorator => SetMetadata(RIGHT, [resource, action]);

/** A request that the guard has let through. */
export interface AccessRequest {
  readonly headers: { readonly authorization?: string };
  access: AccessToken;
}

/**
 * Requires an access token on each route, and the right that the route needs. For all routes:
 * `{ provide: APP_GUARD, useFactory: (reflector: Reflector) => new AccessGuard(reflector, { issuer }), inject: [Reflector] }`.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly options: VerifyOptions,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<AccessRequest>();
    request.access = await verifyAccessToken(request.headers.authorization, this.options).catch((error: unknown) => {
      throw error instanceof AccessTokenError ? new UnauthorizedException(error.message) : error;
    });
    const [resource, action] = this.reflector.get<[string, string] | undefined>(RIGHT, context.getHandler()) ?? [];
    if (resource === undefined || action === undefined) return true;
    if (!request.access.rights.can(resource, action)) throw new ForbiddenException(`You may not ${action} ${resource}`);
    return true;
  }
}
