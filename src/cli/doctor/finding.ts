import type { Extension } from '../../app.extension.js';
import type { VariableName, VariableValues } from '../../config/variables.js';

/** How bad it is: a problem keeps the service from starting or from working, a warning does not. */
export type Level = 'ok' | 'warning' | 'problem';

/** One line of the doctor: what was found, and what to do about it. */
export interface Finding {
  readonly level: Level;
  /** What it is about, in a word. */
  readonly subject: string;
  readonly text: string;
}

/** Settings as far as they could be read. */
export type Values<Name extends VariableName = VariableName> = Pick<VariableValues, Name>;

/** Something that can be looked at as soon as these variables could be read. */
export interface Check {
  readonly subject: string;
  readonly needs: readonly VariableName[];
  run(values: VariableValues, extension: Extension): Promise<readonly Finding[]> | readonly Finding[];
}

/** Makes a check that sees the variables that it needs, and no others. */
export function defineCheck<const Name extends VariableName>(check: {
  readonly subject: string;
  readonly needs: readonly Name[];
  run(values: Values<Name>, extension: Extension): Promise<readonly Finding[]> | readonly Finding[];
}): Check {
  return check;
}

/** Makes the findings of one subject. */
export const about = (subject: string) => ({
  ok: (text: string): Finding => ({ level: 'ok', subject, text }),
  warning: (text: string): Finding => ({ level: 'warning', subject, text }),
  problem: (text: string): Finding => ({ level: 'problem', subject, text }),
});

/** Why something failed. A connection that was tried on several addresses says so in its parts, and not itself. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}

/** Whether a host is this machine, so that what travels to it stays here. */
export const isLocal = (host: string): boolean =>
  host === '' || /^(localhost|.+\.localhost|127(\.\d+){3}|\[?::1\]?|0\.0\.0\.0|\[?::\]?)$/i.test(host);
