import {
  applyDecorators,
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  SetMetadata,
} from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Config } from '../../config/config.js';
import { MEDIA_TYPE } from '../../json-api/document/document.js';
import { ApiError } from '../../json-api/document/errors.js';
import type { Actor } from '../authorization/actor.js';
import { ActorLoader } from '../sessions/actor-loader.js';
import { authenticationOf } from './authentication.js';

const FRESH_SIGN_IN = 'auth:fresh-sign-in';

/**
 * Requires a sign-in at most REAUTHENTICATION_SECONDS old, or `POST /auth/reauthenticate` since. Stands above the
 * other decorators of a route.
 */
export const RequiresFreshSignIn = (): MethodDecorator =>
  applyDecorators(
    SetMetadata(FRESH_SIGN_IN, true),
    ApiResponse({
      status: 403,
      description:
        'Forbidden: `forbidden`; `reauthentication_required` when the sign-in is more than `REAUTHENTICATION_SECONDS` ' +
        'old, with what the account can prove who it is with in `meta.methods`',
      content: { [MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/Errors' } } },
    }),
  );

/** Whether a route has {@link RequiresFreshSignIn}. */
export const requiresFreshSignIn = (handler: object): boolean =>
  Reflect.getOwnMetadata(FRESH_SIGN_IN, handler) === true;

/** The methods of an account that a module provides, such as `password`; empty when the account has none. */
export type ReauthenticationMethods = (actor: Actor) => Promise<readonly string[]>;

/** What accounts can prove who they are with. A module registers its methods in `onModuleInit`. */
@Injectable()
export class Reauthentication {
  private readonly providers: ReauthenticationMethods[] = [];

  register(methods: ReauthenticationMethods): void {
    this.providers.push(methods);
  }

  /** The methods that an account can use now, in the order in which they were registered. */
  async methodsOf(actor: Actor): Promise<string[]> {
    return (await Promise.all(this.providers.map((methods) => methods(actor)))).flat();
  }
}

/** A global guard, after those that need less: the sign-in of the session is fresh where the route requires it. */
@Injectable()
export class FreshSignInGuard implements CanActivate {
  readonly #milliseconds: number;

  constructor(
    @Inject(Config) config: Pick<Config, 'reauthenticationSeconds'>,
    private readonly actors: ActorLoader,
    private readonly reauthentication: Reauthentication,
  ) {
    this.#milliseconds = config.reauthenticationSeconds * 1_000;
  }

  /** @throws ApiError `reauthentication_required` */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (!requiresFreshSignIn(context.getHandler())) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    return this.#isFresh(authenticationOf(request).actor) || this.#reload(request);
  }

  /** The actor may come out of memory, and have proved who it is on another instance a moment ago. */
  async #reload(request: FastifyRequest): Promise<boolean> {
    const { actor, exp } = authenticationOf(request);
    const current = await this.actors.reload(actor.sessionId, actor.id);
    if (!current || !this.#isFresh(current)) throw await this.#error(actor);
    request.authentication = { actor: current, exp };
    return true;
  }

  #isFresh({ authenticatedAt }: Actor): boolean {
    return Date.now() - authenticatedAt.getTime() <= this.#milliseconds;
  }

  async #error(actor: Actor): Promise<ApiError> {
    const methods = await this.reauthentication.methodsOf(actor);
    const detail = 'This needs a recent sign-in: prove who you are with POST /auth/reauthenticate first';
    return new ApiError([{ code: 'reauthentication_required', detail, meta: { methods } }]);
  }
}
