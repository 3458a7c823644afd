import type { Extension } from '../../app.extension.js';
import type { VariableName, VariableValues } from '../../config/variables.js';

/** Severity: a problem prevents the service from starting or working, a warning does not. */
export type Level = 'ok' | 'warning' | 'problem';

/** One line of the output: what was found, and what to do about it. */
export interface Finding {
  readonly level: Level;
  /** What it is about, in a word. */
  readonly subject: string;
  readonly text: string;
}

/** Settings as far as they could be read. */
export type Values<Name extends VariableName = VariableName> = Pick<VariableValues, Name>;

/** A check, which runs if these variables are valid. */
export interface Check {
  readonly subject: string;
  readonly needs: readonly VariableName[];
  run(values: VariableValues, extension: Extension): Promise<readonly Finding[]> | readonly Finding[];
}

/** Defines a check that receives only the variables that it needs. */
export function defineCheck<const Name extends VariableName>(check: {
  readonly subject: string;
  readonly needs: readonly Name[];
  run(values: Values<Name>, extension: Extension): Promise<readonly Finding[]> | readonly Finding[];
}): Check {
  return check;
}

/** Creates findings of one subject. */
export const about = (subject: string) => ({
  ok: (text: string): Finding => ({ level: 'ok', subject, text }),
  warning: (text: string): Finding => ({ level: 'warning', subject, text }),
  problem: (text: string): Finding => ({ level: 'problem', subject, text }),
});

/**
 * The reason of an error. For a connection to several addresses, the messages are in the parts of an AggregateError.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}

/** Whether a host is this machine, so that traffic does not leave it. */
export const isLocal = (host: string): boolean =>
  host === '' || /^(localhost|.+\.localhost|127(\.\d+){3}|\[?::1\]?|0\.0\.0\.0|\[?::\]?)$/i.test(host);
