import type { InjectionToken, Provider, Type } from '@nestjs/common';
import { MODULE_METADATA } from '@nestjs/common/constants.js';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import type { Extension, Replacement } from './app.extension.js';
import type { Config } from './config/config.js';
import { errorsOfOwnVariables } from './config/variables.js';
import { CONSTRAINTS } from './database/errors/constraint-errors.js';

/** What would be wrong with a start is said before it, all at once. */

/**
 * Checks an extension, as far as that is possible without its modules.
 * @param modules the modules of the service, whose providers can be replaced
 * @throws TypeError with a sentence for each mistake
 */
export function checkExtension(
  { replacements = [], variables = {}, constraints = {}, ...lists }: Extension,
  modules: readonly Type<unknown>[],
  config: Pick<Config, 'ownVariables'>,
): void {
  const errors = [
    ...replacementErrors(modules, replacements),
    ...errorsOfOwnVariables(variables, config.ownVariables),
    ...Object.keys(constraints)
      .filter((name) => Object.hasOwn(CONSTRAINTS, name))
      .map((name) => `constraints: ${name} is a constraint of the service, which has its error`),
    ...(['modules', 'entities', 'migrations'] as const).flatMap((list) => twins(list, lists[list] ?? [])),
  ];
  if (errors.length > 0) throw new TypeError(errors.join('\n'));
}

const twins = (list: string, types: readonly Type<unknown>[]): string[] =>
  types
    .filter((type, place) => types.indexOf(type) < place)
    .map(({ name }) => `${list}: ${name} is listed twice; remove one`);

/** Tokens of which Nest keeps every provider: a second one is added, and replaces none. */
const ADDED: ReadonlySet<unknown> = new Set([APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE]);

const tokenOf = (provider: Provider): InjectionToken => (typeof provider === 'function' ? provider : provider.provide);

const nameOf = (token: InjectionToken): string => (typeof token === 'function' ? token.name : String(token));

/** A sentence for each replacement that replaces no provider. */
function replacementErrors(modules: readonly Type<unknown>[], replacements: readonly Replacement[]): string[] {
  const errors: string[] = [];
  const replaced = new Map<Type<unknown>, Set<InjectionToken>>();
  for (const { in: module, providers } of replacements) {
    const known = replaced.get(module) ?? new Set();
    replaced.set(module, known);
    const provided: readonly Provider[] = Reflect.getMetadata(MODULE_METADATA.PROVIDERS, module) ?? [];
    const tokens = provided.map(tokenOf).filter((token) => !ADDED.has(token));
    if (!modules.includes(module)) {
      const names = modules.map(({ name }) => name).join(', ');
      errors.push(`replacements: ${module.name} is no module whose providers can be replaced; use one of ${names}`);
      continue;
    }
    if (providers.length === 0) errors.push(`replacements: list a provider that replaces one of ${module.name}`);
    for (const token of providers.map(tokenOf)) {
      if (!tokens.includes(token)) {
        const names = tokens.map(nameOf).join(', ');
        const provide = `"provide" must be one of ${names}`;
        errors.push(`replacements: ${nameOf(token)} replaces no provider of ${module.name}; ${provide}`);
      } else if (known.has(token)) {
        errors.push(`replacements: ${nameOf(token)} of ${module.name} is replaced twice; keep one`);
      }
      known.add(token);
    }
  }
  return errors;
}
