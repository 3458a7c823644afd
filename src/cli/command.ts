import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { z } from 'zod';
import type { Extension } from '../app.extension.js';
import type { ConfigExamination } from '../config/load-config.js';
import type { OwnCommandContext } from './own-command.js';

/** The context of a command. */
export interface CommandContext extends OwnCommandContext {
  /** The values and errors of the configuration; generates nothing. */
  readonly examine: () => ConfigExamination;
  /** The environment, with what `.env` adds once `config` was called. */
  readonly env: NodeJS.ProcessEnv;
  /** The extension of the service. */
  readonly extension: Extension;
}

/**
 * Creates a command for one run of the program. The summary is shown in the list of commands, the description in its
 * help. An error of the action is printed, with exit code 1; `command.error()` is for invalid combinations of
 * arguments, with exit code 2.
 */
export type CommandFactory = (context: CommandContext) => CommandUnknownOpts;

/**
 * A text that its schema rejects. It is a placeholder for the value until all of them are reported, before the action.
 */
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
    // Never passed to an action, see InvalidText. An error thrown here would hide those of the other values.
    return new InvalidText(text, result.error.issues[0]?.message ?? 'is invalid') as Value;
  };
}

/** Parses each value of a variadic argument, such as `[IDS...]`. */
export function eachParsedBy<Value>(schema: z.ZodType<Value, string>) {
  const parse = parsedBy(schema);
  return (text: string, previous: readonly Value[] = []): readonly Value[] => [...previous, parse(text)];
}
