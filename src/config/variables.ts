import { ACCOUNT_VARIABLES } from './variables/accounts.js';
import { BRAND_VARIABLES } from './variables/brand.js';
import { DATABASE_VARIABLES } from './variables/database.js';
import { MAIL_VARIABLES } from './variables/mail.js';
import { OUTBOUND_VARIABLES } from './variables/outbound.js';
import { OBSERVABILITY_VARIABLES, SERVER_VARIABLES } from './variables/server.js';
import { THROTTLE_VARIABLES } from './variables/throttle.js';
import type { ValuesOf, VariableTable } from './variables/variable.js';

/** Every environment variable, in the order of the documentation. Nothing else is read from the environment. */
export const VARIABLES = {
  ...SERVER_VARIABLES,
  ...DATABASE_VARIABLES,
  ...MAIL_VARIABLES,
  ...BRAND_VARIABLES,
  ...ACCOUNT_VARIABLES,
  ...THROTTLE_VARIABLES,
  ...OUTBOUND_VARIABLES,
  ...OBSERVABILITY_VARIABLES,
} as const satisfies VariableTable;

/** The name of an environment variable. */
export type VariableName = keyof typeof VARIABLES;

/** The parsed value of every variable; null only where there is no default. */
export type VariableValues = ValuesOf<typeof VARIABLES>;

/** The values of an extension's variables, by name; null only where there is no default. */
export type OwnVariables = Readonly<Record<string, unknown>>;

const NAME = /^[A-Z][A-Z0-9_]*$/;

/**
 * What is wrong with the variables of an extension, a sentence each.
 * @param values those with which the configuration was loaded
 */
export function errorsOfOwnVariables(own: VariableTable, values: OwnVariables): string[] {
  return Object.keys(own).flatMap((name) => {
    if (!NAME.test(name)) return [`variables: ${name} must have a name such as INVENTORY_LIMIT`];
    if (Object.hasOwn(VARIABLES, name))
      return [`variables: ${name} is a variable of the service; call yours otherwise`];
    if (!Object.hasOwn(values, name)) {
      return [`variables: ${name} was not read; load the configuration with loadConfig(env, extension.variables)`];
    }
    return [];
  });
}
