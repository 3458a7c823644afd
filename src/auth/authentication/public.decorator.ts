import { accessDecorator } from '../authorization/access.js';
import type { Action } from '../authorization/rights.js';

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
