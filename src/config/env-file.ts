import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { isErrno } from './errno.js';

/**
 * Adds the variables of a `.env` file to the environment. What is set already wins, and a missing file is fine.
 * @throws when the file is there but cannot be read.
 */
export function loadEnvFile(path = '.env', env: NodeJS.ProcessEnv = process.env): void {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw error;
  }
  for (const [name, value] of Object.entries(parseEnv(text))) env[name] ??= value;
}
