import type { ExecutionContext } from '@nestjs/common';
import { DECORATORS } from '@nestjs/swagger';
import { RESOURCE_ROUTE, type ResourceRoute } from '../../json-api/http/route.js';
import type { Action } from './rights.js';

/** What a route asks of its caller. */
export type Access =
  | { readonly kind: 'public' }
  | { readonly kind: 'signed-in' }
  | { readonly kind: 'right'; readonly resourceType: string; readonly action: Action };

const ACCESS = 'auth:access';

/**
 * A decorator for a handler or a controller that says what it asks of its caller.
 * @throws Error while the class is being defined, when two of them contradict each other
 */
export function accessDecorator(access: Access): MethodDecorator & ClassDecorator {
  return (target: object, key?: string | symbol, descriptor?: PropertyDescriptor) => {
    const subject: unknown = descriptor ? descriptor.value : target;
    if (typeof subject !== 'function') throw new Error(`${String(key)} is neither a route nor a controller`);
    if (Reflect.hasOwnMetadata(ACCESS, subject)) {
      throw new Error(`${subject.name} has more than one of @Public, @SignedIn and @Requires`);
    }
    Reflect.defineMetadata(ACCESS, access, subject);
    if (access.kind === 'public') documentAsPublic(subject, descriptor !== undefined);
  };
}

/** OpenAPI's word for "needs no credentials": an empty list, which swagger's own decorators cannot say. */
function documentAsPublic(subject: object, isRoute: boolean): void {
  if (!isRoute) return Reflect.defineMetadata(DECORATORS.API_SECURITY, [], subject);
  // Merged by hand, because the decorator of the operation may come before or after.
  const operation: object | undefined = Reflect.getOwnMetadata(DECORATORS.API_OPERATION, subject);
  Reflect.defineMetadata(DECORATORS.API_OPERATION, { ...operation, security: [] }, subject);
}

/**
 * What a route asks of its caller: by its own decorator, else by the right that its JSON:API decorator implies, else by
 * the decorator of its controller. Null when nothing says so; such a route is closed.
 */
export function accessOf(context: Pick<ExecutionContext, 'getHandler' | 'getClass'>): Access | null {
  const own: Access | undefined = Reflect.getOwnMetadata(ACCESS, context.getHandler());
  if (own) return own;
  const route: ResourceRoute | undefined = Reflect.getOwnMetadata(RESOURCE_ROUTE, context.getHandler());
  if (route) return { kind: 'right', resourceType: route.resource.type, action: route.action };
  const inherited: Access | undefined = Reflect.getMetadata(ACCESS, context.getClass());
  return inherited ?? null;
}

/** Open to everybody, also to a caller whose token is stale. */
export const Public = (): MethodDecorator & ClassDecorator => accessDecorator({ kind: 'public' });

/** Open to every signed-in account, whatever its rights. */
export const SignedIn = (): MethodDecorator & ClassDecorator => accessDecorator({ kind: 'signed-in' });

/**
 * Open to a signed-in account that has a right to this action on this resource type, in whatever scope; which rows it
 * reaches is the repository's business. Overrides the right that a JSON:API decorator implies.
 */
export const Requires = (resourceType: string, action: Action): MethodDecorator & ClassDecorator =>
  accessDecorator({ kind: 'right', resourceType, action });
