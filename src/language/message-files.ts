import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { isLanguageTag } from './accept-language.js';

const texts = z.record(z.string(), z.string().min(1));

/** A file of messages in one language. Everything in it is optional: what is missing stays in English. */
const SCHEMA = z.strictObject({
  /** What attributes are called at the start of a sentence, by their names. */
  names: texts.default({}),
  /** Sentences by the rules' names; where a rule has the parameter `expected`, by its values. */
  rules: z.record(z.string(), z.union([z.string().min(1), texts])).default({}),
  /** What a form says of a rule before anything was entered. */
  hints: texts.default({}),
  /** Sentences by error code, for errors without a rule. */
  codes: texts.default({}),
});

/** The messages of one language. */
export type MessageFile = z.output<typeof SCHEMA>;

const EXTENSION = '.yml';

/**
 * Reads a folder of message files, each named after its language (RFC 5646): `fr.yml`, `pt-BR.yml`.
 * @param codes the error codes that there are
 * @throws Error that names the file which cannot be used, and why
 */
export function readMessageFiles(folder: string, codes: ReadonlySet<string>): Map<string, MessageFile> {
  const files = readdirSync(folder).filter((name) => name.endsWith(EXTENSION) && !name.startsWith('.'));
  return new Map(
    files.sort().map((name) => {
      const path = join(folder, name);
      const locale = name.slice(0, -EXTENSION.length);
      if (!isLanguageTag(locale)) throw new Error(`${path}: ${locale} is not a language tag (RFC 5646)`);
      const file = readMessageFile(path);
      const [unknown] = Object.keys(file.codes).filter((code) => !codes.has(code));
      if (unknown !== undefined) throw new Error(`${path}: there is no error code ${unknown}`);
      return [locale, file];
    }),
  );
}

function readMessageFile(path: string): MessageFile {
  const result = SCHEMA.safeParse(parsed(path) ?? {});
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path: at, message }) => `${at.join('.') || 'the file'}: ${message}`);
  throw new Error(`${path}: ${problems.join('; ')}`);
}

function parsed(path: string): unknown {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
