import { readFileSync } from 'node:fs';
import { VARIABLES } from '../../config/variables.js';
import type { Variable, VariableTable } from '../../config/variables/variable.js';

/** Shorter parts of a secret are too common to redact. */
const MIN_LENGTH = 4;

/**
 * Redacts secrets in text, in case the message of a library quotes one: every secret variable, and the passwords of
 * URLs.
 */
export function redactor(env: NodeJS.ProcessEnv, own: VariableTable = {}): (text: string) => string {
  const secrets = Object.entries<Variable>({ ...VARIABLES, ...own })
    .flatMap(([name, variable]) => (variable.secret ? textsOf(name, env) : []))
    .flatMap((text) => [text, ...passwordsOf(text)])
    .filter((text) => text.length >= MIN_LENGTH)
    .sort((left, right) => right.length - left.length);
  return (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, '…'), text);
}

/** The text of a variable or of its file, and the items where it is a list. */
function textsOf(name: string, env: NodeJS.ProcessEnv): string[] {
  const texts = [env[name] ?? '', fileOf(env[`${name}_FILE`]?.trim())].map((text) => text.trim());
  return texts.flatMap((text) => [text, ...text.split(',')]).map((text) => text.trim());
}

function fileOf(path: string | undefined): string {
  try {
    return path ? readFileSync(path, 'utf8') : '';
  } catch {
    // Reported by the configuration.
    return '';
  }
}

function passwordsOf(text: string): string[] {
  const password = URL.canParse(text) ? new URL(text).password : '';
  try {
    return password === '' ? [] : [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}
