import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { z } from 'zod';
import type { Extension } from '../app.extension.js';
import type { Config } from '../config/config.js';
import type { ConfigExamination } from '../config/load-config.js';
import type { ProgressStream } from './progress.js';

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
  /** For progress and errors. */
  readonly err: ProgressStream;
}

/**
 * Makes a command for one run of the program. Its summary stands in the list of commands, the description in its own
 * help. What its action throws is printed, and the process ends with 1; `command.error()` is for arguments that do not
 * fit together, and ends with 2.
 */
export type CommandFactory = (context: CommandContext) => CommandUnknownOpts;

/** A text that its schema does not accept. It stands for the value until all of them are reported, before the action. */
export class InvalidText {
  constructor(
    readonly text: string,
    readonly reason: string,
  ) {}
}

/** Parses the value of an option or of an argument. Messages of the schema complete the sentence "--name …". */
export function parsedBy<Value>(schema: z.ZodType<Value, string>): (text: string) => Value {
  return (text) => {
    const result = schema.safeParse(text);
    if (result.success) return result.data;
    // No action gets to see it, see InvalidText. An error thrown here would hide those of the other values.
    return new InvalidText(text, result.error.issues[0]?.message ?? 'is invalid') as Value;
  };
}

/** Parses each of the values of a variadic argument, such as `[IDS...]`. */
export function eachParsedBy<Value>(schema: z.ZodType<Value, string>) {
  const parse = parsedBy(schema);
  return (text: string, previous: readonly Value[] = []): readonly Value[] => [...previous, parse(text)];
}
