import { parseArgs } from 'node:util';
import type { z } from 'zod';
import type { Extension } from '../app.extension.js';
import type { Config } from '../config/config.js';
import type { ConfigExamination } from '../config/load-config.js';
import type { ProgressStream } from './progress.js';

/** An option that takes a value: `--accounts 1000`. */
export interface Option<Value = unknown> {
  /** Its message completes the sentence "--accounts …". */
  readonly schema: z.ZodType<Value, string>;
  readonly default: Value;
  /** What stands for the value in the help. */
  readonly placeholder: string;
  readonly description: string;
}

/** An option that is there or not: `--force`. */
export interface Flag {
  readonly schema?: never;
  readonly description: string;
}

/** What stands on the line without a name, any number of them: `mail retry 17 18`. */
export interface Operands<Value = unknown> {
  /** Its message completes the sentence "ID …". */
  readonly schema: z.ZodType<Value, string>;
  /** What stands for one in the help. */
  readonly placeholder: string;
  readonly description: string;
}

export type Options = Readonly<Record<string, Option | Flag>>;

/** The values of a command's options. */
export type OptionValues<Of extends Options> = {
  readonly [Name in keyof Of]: Of[Name] extends Option<infer Value> ? Value : boolean;
};

/** What is read from; only a terminal can be asked. */
export type InputStream = NodeJS.ReadableStream & { readonly isTTY?: boolean };

/** What a command works with. */
export interface CommandContext {
  /** The configuration that the environment and `.env` describe. @throws ConfigError */
  readonly config: () => Config;
  /** What there is to say of the configuration, right or wrong; nothing is made for it. */
  readonly examine: () => ConfigExamination;
  /** The environment, with what `.env` adds once `config` was called. */
  readonly env: NodeJS.ProcessEnv;
  /** What a team added to the service. */
  readonly extension: Extension;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  /** For what is piped in or typed. */
  readonly in: InputStream;
  /** For results. */
  readonly out: NodeJS.WritableStream;
  /** For what is told on the way. */
  readonly err: ProgressStream;
}

/** A command of the operator. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** More for its own help. */
  readonly details: string;
  readonly options: Options;
  /** Without them, a word that is no option is refused. */
  readonly operands?: Operands | undefined;
  /**
   * Parses the arguments and does it.
   * @throws UsageError for arguments that it does not understand, and whatever went wrong
   */
  execute(args: readonly string[], context: CommandContext): Promise<void>;
}

/** The command was called in a way that it does not understand. The message is one sentence a fault. */
export class UsageError extends Error {
  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.name = 'UsageError';
  }
}

interface CommandDefinition<Of extends Options, Operand> {
  readonly summary: string;
  readonly details: string;
  readonly options: Of;
  readonly operands?: Operands<Operand>;
  run(values: OptionValues<Of>, context: CommandContext, operands: readonly Operand[]): Promise<void>;
}

/** Makes a command whose `run` gets the parsed values of its options, and its operands. */
export function defineCommand<const Of extends Options, Operand = never>(
  definition: CommandDefinition<Of, Operand>,
): Command {
  const { summary, details, options, operands } = definition;
  return {
    summary,
    details,
    options,
    operands,
    execute: async (args, context) => {
      const given = readArguments(options, operands !== undefined, args);
      const faults: string[] = [];
      const values = parseOptions(options, given.values, faults);
      const parsed = given.positionals.flatMap((text) =>
        operands ? parse(operands, operands.placeholder, text, faults) : [],
      );
      if (faults.length > 0) throw new UsageError(faults);
      await definition.run(values, context, parsed);
    },
  };
}

/** The value of a text as a list of one; an error is added to the others, and the list is empty. */
function parse<Value>(
  { schema }: { readonly schema: z.ZodType<Value, string> },
  name: string,
  text: string,
  errors: string[],
) {
  const result = schema.safeParse(text);
  if (result.success) return [result.data];
  errors.push(`${name} ${result.error.issues[0]?.message ?? 'is invalid'}, not ${JSON.stringify(text)}.`);
  return [];
}

function parseOptions<Of extends Options>(
  options: Of,
  given: Readonly<Record<string, unknown>>,
  faults: string[],
): OptionValues<Of> {
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(options)) {
    const text = given[name];
    if (!option.schema) values[name] = text === true;
    else if (typeof text !== 'string') values[name] = option.default;
    else [values[name]] = parse(option, `--${name}`, text, faults);
  }
  // Each name of the table has its parsed value now; TypeScript cannot follow that through the loop.
  return values as OptionValues<Of>;
}

function readArguments(options: Options, allowPositionals: boolean, args: readonly string[]) {
  const types = Object.entries(options).map(([name, { schema }]) => {
    const type: 'string' | 'boolean' = schema ? 'string' : 'boolean';
    return [name, { type }] as const;
  });
  try {
    return parseArgs({ args: [...args], options: Object.fromEntries(types), strict: true, allowPositionals });
  } catch (error) {
    throw new UsageError([error instanceof Error ? error.message : String(error)]);
  }
}
