import { readFileSync } from 'node:fs';
import type { z } from 'zod';

/** An environment variable: how its text is parsed, and what `.env.example` and the documentation say about it. */
export interface Variable<Value = unknown> {
  /** Parses the text. The message of an issue completes the sentence "NAME …", such as "must be true or false". */
  readonly schema: z.ZodType<Value, string>;
  /** Text that is parsed when the variable is absent or empty; null gives the value null. */
  readonly default: string | null;
  /** Takes the place of `default` in production. */
  readonly productionDefault?: string | null;
  /** One or two sentences for `.env.example` and the documentation. */
  readonly description: string;
  /** A secret is never quoted in an error, and may be given as the path of a file in NAME_FILE. */
  readonly secret?: true;
  /** Production does not start without it. */
  readonly requiredInProduction?: true;
}

/** Variables by their names. */
export type VariableTable = Readonly<Record<string, Variable>>;

type ValueOf<Of extends Variable> =
  z.output<Of['schema']> | (Of extends { default: null } | { productionDefault: null } ? null : never);

/** The parsed value of each variable of a table; null only where there is no default. */
export type ValuesOf<Table extends VariableTable> = { readonly [Name in keyof Table]: ValueOf<Table[Name]> };

/** The values of the variables that could be parsed, and an error for each one that could not. */
export interface VariableReading<Table extends VariableTable> {
  readonly values: Partial<ValuesOf<Table>>;
  /** One sentence each, which names the variable and says what to write instead. */
  readonly errors: readonly string[];
  /** Required variables that are absent. */
  readonly missing: readonly string[];
}

/**
 * Parses every variable of a table. An empty variable counts as absent, and a secret may come as NAME_FILE instead.
 * Never throws, so that all errors can be reported at once.
 */
export function readVariables<const Table extends VariableTable>(
  table: Table,
  env: NodeJS.ProcessEnv,
): VariableReading<Table> {
  const production = env['NODE_ENV'] === 'production';
  const errors: string[] = [];
  const missing: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries(table)) {
    try {
      const given = givenText(env, name, variable);
      if (production && variable.requiredInProduction && given === null) missing.push(name);
      const text = given ?? defaultText(variable, production);
      values[name] = text === null ? null : parse(name, variable, text);
    } catch (error) {
      errors.push(error instanceof Error ? error.message : String(error));
    }
  }
  // Each name has the output of its own schema; TypeScript cannot follow that through the loop.
  return { values: values as Partial<ValuesOf<Table>>, errors, missing };
}

/** The text that counts when a variable is absent. */
export function defaultText(variable: Variable, production: boolean): string | null {
  return production && variable.productionDefault !== undefined ? variable.productionDefault : variable.default;
}

function givenText(env: NodeJS.ProcessEnv, name: string, { secret }: Variable): string | null {
  const text = env[name]?.trim() || null;
  const file = secret ? env[`${name}_FILE`]?.trim() || null : null;
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

function parse(name: string, { schema, secret }: Variable, text: string): unknown {
  const result = schema.safeParse(text);
  if (result.success) return result.data;
  const reason = result.error.issues[0]?.message ?? 'is invalid';
  // No cause: an error that is logged with its cause must not carry a secret either.
  throw new Error(`${name} ${reason}${secret ? '' : `, not ${JSON.stringify(text)}`}.`);
}
