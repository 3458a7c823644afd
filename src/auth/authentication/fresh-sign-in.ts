import { applyDecorators, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { ApiResponse } from '../../json-api/openapi/decorators.js';
import { MEDIA_TYPE } from '../../json-api/document/document.js';
import type { Actor } from '../authorization/actor.js';

/** Key of the metadata of routes that need a recent sign-in. */
export const FRESH_SIGN_IN = 'auth:fresh-sign-in';

/**
 * Requires a sign-in at most REAUTHENTICATION_SECONDS old, or `POST /auth/reauthenticate` since. Rejects API keys, which
 * have none. Stands above the other decorators of a route.
 */
export const RequiresFreshSignIn = (): MethodDecorator =>
  applyDecorators(
    SetMetadata(FRESH_SIGN_IN, true),
    ApiResponse({
      status: 403,
      description:
        'Forbidden: `forbidden`, also for every API key; `reauthentication_required` when the sign-in is more than `REAUTHENTICATION_SECONDS` ' +
        'old, with what the account can prove who it is with in `meta.methods`',
      content: { [MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/Errors' } } },
    }),
  );

const WITHOUT_FACTOR = 'auth:without-factor';

/**
 * Opens a route, or a controller, to accounts that must have a second factor and have none: to add one, and to deal with
 * the own session. All other routes reject them with 403 `mfa_enrolment_required`.
 */
export const OpenWithoutFactor = (): MethodDecorator & ClassDecorator => SetMetadata(WITHOUT_FACTOR, true);

/** Whether a route is open to them. */
export const isOpenWithoutFactor = (context: Pick<ExecutionContext, 'getHandler' | 'getClass'>): boolean =>
  [context.getHandler(), context.getClass()].some((target) => Reflect.getMetadata(WITHOUT_FACTOR, target) === true);

/** The methods of an account that a module provides, such as `password`; empty when the account has none. */
export type ReauthenticationMethods = (account: Pick<Actor, 'id'>) => Promise<readonly string[]>;

/** What accounts can prove who they are with. A module registers its methods in `onModuleInit`. */
@Injectable()
export class Reauthentication {
  private readonly providers: ReauthenticationMethods[] = [];

  register(methods: ReauthenticationMethods): void {
    this.providers.push(methods);
  }

  /** The methods that an account can use now, in the order in which they were registered. */
  async methodsOf(account: Pick<Actor, 'id'>): Promise<string[]> {
    return (await Promise.all(this.providers.map((methods) => methods(account)))).flat();
  }
}
