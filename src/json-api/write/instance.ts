import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';

const isNested = ([, value]: [string, unknown]): boolean => typeof value === 'object' && value !== null;

/**
 * An instance of a class with these members, passed through its `@Transform`s. Objects and lists are taken as they
 * are: class-transformer would walk into them and call whatever a client sent under the name `constructor`.
 */
export function instanceOf<Instance extends object>(
  type: Type<Instance>,
  members: Readonly<Record<string, unknown>>,
): Instance {
  const entries = Object.entries(members);
  const instance = plainToInstance(type, Object.fromEntries(entries.filter((entry) => !isNested(entry))));
  return Object.assign(instance, Object.fromEntries(entries.filter(isNested)));
}
