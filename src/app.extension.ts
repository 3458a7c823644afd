import type { InjectionToken, Provider, Type } from '@nestjs/common';
import { MODULE_METADATA } from '@nestjs/common/constants.js';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import type { MigrationInterface } from 'typeorm';
import type { OwnActions } from './events/audit-action.js';

/** An extension of the service, without changes to its modules; see docs/adding-a-resource.md. */
export interface Extension {
  /** Modules, each with its repositories, services and controllers. */
  readonly modules?: readonly Type<unknown>[];
  /** Entities of these modules. */
  readonly entities?: readonly Type<unknown>[];
  /** Migrations, run after the service's own, in the order of their timestamps. */
  readonly migrations?: readonly Type<MigrationInterface>[];
  /** Audit actions of these modules besides writes of resources. */
  readonly actions?: readonly (keyof OwnActions)[];
  /** Providers that replace those with the same token in a module of the service. */
  readonly replacements?: readonly Replacement[];
}

/** Providers for one of the service's modules: `{ in: PasswordsModule, providers: [{ provide: PasswordPolicy, … }] }`. */
export interface Replacement {
  readonly in: Type<unknown>;
  readonly providers: readonly Provider[];
}

/** The service without extensions. */
export const NO_EXTENSION: Extension = {};

/** Tokens of which Nest keeps every provider: a second one is added, and replaces none. */
const ADDED: ReadonlySet<unknown> = new Set([APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE]);

const tokenOf = (provider: Provider): InjectionToken => (typeof provider === 'function' ? provider : provider.provide);

const nameOf = (token: InjectionToken): string => (typeof token === 'function' ? token.name : String(token));

/**
 * Checks that every replacement replaces a provider.
 * @param modules the modules whose providers can be replaced
 * @throws TypeError with a sentence for each that does not
 */
export function checkReplacements(modules: readonly Type<unknown>[], replacements: readonly Replacement[]): void {
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
  if (errors.length > 0) throw new TypeError(errors.join('\n'));
}
