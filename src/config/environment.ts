import { readFileSync } from 'node:fs';
import { VARIABLES, type Variable, type VariableName, type VariableValues } from './variables.js';

/** What was read: a value for every variable that could be read, and a sentence for every one that could not. */
export interface EnvironmentReading {
  readonly values: Partial<VariableValues>;
  readonly faults: readonly string[];
  /** Required variables that are absent. */
  readonly missing: readonly VariableName[];
}

/**
 * Reads every variable of the table. An empty variable counts as absent, and a secret may come as NAME_FILE instead.
 * Never throws: what is wrong comes back as sentences, so that all of it can be named at once.
 */
export function readEnvironment(env: NodeJS.ProcessEnv): EnvironmentReading {
  const production = env['NODE_ENV'] === 'production';
  const faults: string[] = [];
  const missing: VariableName[] = [];
  const values: Partial<Record<VariableName, unknown>> = {};
  for (const [name, variable] of Object.entries(VARIABLES) as [VariableName, Variable][]) {
    try {
      const given = givenText(env, name, variable);
      const text = given ?? defaultText(variable, production);
      if (production && variable.requiredInProduction && given === null) missing.push(name);
      values[name] = text === null ? null : parse(name, variable, text);
    } catch (error) {
      faults.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { values: values as Partial<VariableValues>, faults, missing };
}

function defaultText(variable: Variable, production: boolean): string | null {
  return production && variable.productionDefault !== undefined ? variable.productionDefault : variable.default;
}

function givenText(env: NodeJS.ProcessEnv, name: VariableName, variable: Variable): string | null {
  const text = env[name]?.trim() || null;
  const file = variable.secret ? env[`${name}_FILE`]?.trim() || null : null;
  if (file === null) return text;
  if (text !== null) throw new Error(`${name} and ${name}_FILE are both set; set one of them.`);
  let content: string;
  try {
    content = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new Error(`${name}_FILE names a file that cannot be read: ${String(error)}`, { cause: error });
  }
  if (content === '') throw new Error(`${name}_FILE names an empty file: ${file}.`);
  return content;
}

function parse(name: VariableName, variable: Variable, text: string): unknown {
  try {
    return variable.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // No cause: an error that is logged with its cause must not carry a secret either.
    throw new Error(`${name} ${reason}${variable.secret ? '' : `, not ${JSON.stringify(text)}`}.`);
  }
}
