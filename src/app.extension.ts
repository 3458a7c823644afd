import type { Provider, Type } from '@nestjs/common';
import type { MigrationInterface } from 'typeorm';
import type { OwnActions } from './events/audit-action.js';

/** An extension of the service, without changes to its modules; see docs/adding-a-resource.md. */
export interface Extension {
  /** Modules, each with its repositories, services and controllers. */
  readonly modules?: readonly Type<unknown>[];
  /** Entities of these modules. */
  readonly entities?: readonly Type<unknown>[];
  /** Migrations, run in the order of their timestamps together with the service's own. */
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
