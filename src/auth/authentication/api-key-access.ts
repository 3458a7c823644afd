import { applyDecorators, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiResponse } from '../../json-api/openapi/decorators.js';
import { MEDIA_TYPE } from '../../json-api/document/document.js';
import { accessOf, type Actor } from '../authorization/actor.js';
import { FRESH_SIGN_IN } from './fresh-sign-in.js';

const ACCEPTS_API_KEYS = 'auth:accepts-api-keys';

/**
 * Rejects API keys with 403, whatever their permissions: for what only a person may do. Stands above the other decorators
 * of a route, or on a controller. `@RequiresFreshSignIn()` and `@SignedIn()` imply it.
 */
export const RejectsApiKeys = (): MethodDecorator & ClassDecorator =>
  applyDecorators(
    SetMetadata(ACCEPTS_API_KEYS, false),
    ApiResponse({
      status: 403,
      description: 'API keys get `forbidden`, whatever their permissions',
      content: { [MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/Errors' } } },
    }),
  );

/** Opens a `@SignedIn()` route to API keys, whatever their permissions. */
export const AcceptsApiKeys = (): MethodDecorator & ClassDecorator => SetMetadata(ACCEPTS_API_KEYS, true);

/**
 * Whether a route rejects API keys: by its own decorator, else by that of its controller. A route that needs a right is
 * open to keys with a permission for it; every other one is closed.
 */
export function rejectsApiKeys(context: Pick<ExecutionContext, 'getHandler' | 'getClass'>): boolean {
  const handler = context.getHandler();
  if (Reflect.getOwnMetadata(FRESH_SIGN_IN, handler) === true) return true;
  const own: unknown = Reflect.getOwnMetadata(ACCEPTS_API_KEYS, handler);
  const accepts = own ?? Reflect.getMetadata(ACCEPTS_API_KEYS, context.getClass());
  return typeof accepts === 'boolean' ? !accepts : accessOf(context)?.kind !== 'right';
}

/** An API key that was checked, and the actor that it makes. */
export interface KeyUse {
  readonly actor: Actor;
  /** When the key expires, in seconds since the epoch; null when it does not. */
  readonly exp: number | null;
}

/** Finds the actors of API keys, at once where they are cached; the owner of the table `api_keys` implements it. */
export abstract class ApiKeyActors {
  /**
   * The actor of a key; null for what is no key, and for one that has expired, was revoked, or whose owner is disabled.
   * @throws what the driver throws when the database does not answer; the request must then be denied
   */
  abstract ofKey(key: string): KeyUse | null | Promise<KeyUse | null>;

  /** The same by what finds a key, for access tokens that were issued for it: these are signed. */
  abstract ofToken(finder: string, keyId: string): KeyUse | null | Promise<KeyUse | null>;
}

/** What every API key begins with. */
export const API_KEY_PREFIX = 'iam_';
