import type { Provider, Type } from '@nestjs/common';
import type { MigrationInterface } from 'typeorm';
import type { OwnCommandFactory } from './cli/own-command.js';
import type { VariableTable } from './config/variables/variable.js';
import type { OwnActions } from './events/audit-action.js';
import type { ErrorObject } from './json-api/document/errors.js';
import type { ResourceExtension } from './json-api/resource/resource-extension.js';

/** An extension of the service, without changes to its modules; see docs/extending.md. */
export interface Extension {
  /** Modules, each with its repositories, services and controllers. */
  readonly modules?: readonly Type<unknown>[];
  /** Entities of these modules. */
  readonly entities?: readonly Type<unknown>[];
  /** Migrations, run after the service's own, in the order of their timestamps. */
  readonly migrations?: readonly Type<MigrationInterface>[];
  /** Attributes and relationships of other modules' resources, such as accounts: `extendResource`, `relateResource`. */
  readonly attributes?: readonly ResourceExtension[];
  /** Errors of constraints, by their names in the database. Unique columns and foreign keys need none. */
  readonly constraints?: Readonly<Record<string, ErrorObject>>;
  /** Audit actions of these modules besides writes of resources. */
  readonly actions?: readonly (keyof OwnActions)[];
  /** Environment variables, read and validated with those of the service: `config.valuesOf(table)`. */
  readonly variables?: VariableTable;
  /** Commands of `npx iam`. */
  readonly commands?: readonly OwnCommandFactory[];
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

/**
 * Several extensions as one, in this order.
 * @throws TypeError for a variable or constraint that two of them have; what else is there twice stops the start
 */
export function combineExtensions(...extensions: readonly Extension[]): Extension {
  const lists = <Key extends keyof Extension>(key: Key) => extensions.map((extension) => extension[key] ?? []);
  return {
    modules: lists('modules').flat() as Type<unknown>[],
    entities: lists('entities').flat() as Type<unknown>[],
    migrations: lists('migrations').flat() as Type<MigrationInterface>[],
    attributes: lists('attributes').flat() as ResourceExtension[],
    actions: lists('actions').flat() as (keyof OwnActions)[],
    commands: lists('commands').flat() as OwnCommandFactory[],
    replacements: lists('replacements').flat() as Replacement[],
    variables: merged(
      'variables',
      extensions.map(({ variables = {} }) => variables),
    ),
    constraints: merged(
      'constraints',
      extensions.map(({ constraints = {} }) => constraints),
    ),
  };
}

function merged<Value>(
  what: string,
  tables: readonly Readonly<Record<string, Value>>[],
): Readonly<Record<string, Value>> {
  const all: Record<string, Value> = {};
  for (const [name, value] of tables.flatMap((table) => Object.entries(table))) {
    if (Object.hasOwn(all, name))
      throw new TypeError(`${what}: two extensions have ${name}; call one of them otherwise`);
    all[name] = value;
  }
  return all;
}
