import { Inject, Injectable } from '@nestjs/common';
import { fileURLToPath } from 'node:url';
import { Config } from '../config/config.js';
import { ERROR_CODES, type BrokenRule, type ErrorObject, type RuleParameters } from '../json-api/document/errors.js';
import { ErrorTexts } from '../json-api/http/options.js';
import { fillText, type Rule } from '../json-api/document/rules.js';
import { chooseLanguage } from './accept-language.js';
import { type MessageFile, readMessageFiles } from './message-files.js';

const BUILT_IN = fileURLToPath(new URL('./messages', import.meta.url));
const DEFAULT_LOCALE = 'en';
const CODES = new Set(Object.keys(ERROR_CODES));

/** A text, and the language that it is in. */
export interface Message {
  readonly text: string;
  /** Language tag (RFC 5646). */
  readonly locale: string;
}

/**
 * The texts of errors in the languages of clients: those that come with the service, those of extensions, and those of
 * the folder `ERROR_MESSAGES`. English sentences stand beside the rules; a file of another language translates them.
 */
@Injectable()
export class Messages extends ErrorTexts {
  /** By language tag, the default first. */
  private readonly files: Map<string, MessageFile>;

  /** @throws Error that names the file which cannot be used */
  constructor(@Inject(Config) { errorMessages }: Pick<Config, 'errorMessages'>) {
    super();
    this.files = readMessageFiles(BUILT_IN, CODES);
    if (errorMessages !== null) this.add(errorMessages);
  }

  /**
   * Adds a folder of message files; call it in `onModuleInit`. Its texts replace earlier ones of the same language.
   * @param folder absolute path
   * @throws Error that names the file which cannot be used
   */
  add(folder: string): void {
    for (const [locale, file] of readMessageFiles(folder, CODES)) {
      const known = this.files.get(locale);
      this.files.set(locale, known ? merged(known, file) : file);
    }
  }

  /** The languages in which there are messages, as tags (RFC 5646). */
  locales(): string[] {
    return [...this.files.keys()];
  }

  /** The best matching language of `Accept-Language` in which there are messages, as a tag (RFC 5646). */
  languageOf(acceptLanguage: string): string {
    const others = [...this.files.keys()].filter((locale) => locale !== DEFAULT_LOCALE);
    return chooseLanguage(acceptLanguage, [DEFAULT_LOCALE, ...others]);
  }

  override inLanguage(acceptLanguage: string): (error: ErrorObject) => string {
    const locale = this.languageOf(acceptLanguage);
    return (error) => this.detail(error, locale).text;
  }

  /**
   * The text of an error in a language of `languageOf`; in English where there is none in that language.
   * @param label what a form calls the value in that language, for one that the message files have no name for
   */
  detail({ code, detail, broken }: ErrorObject, locale: string, label?: string): Message {
    const translated = broken ? this.sentence(broken, locale, label) : ownEntry(this.files.get(locale)?.codes, code);
    if (translated !== undefined) return { text: translated, locale };
    // The English sentence of a rule begins with what the value is called.
    const isNamed = broken !== undefined && detail.startsWith(`${broken.name} `);
    if (!isNamed) return { text: detail, locale: DEFAULT_LOCALE };
    const name = this.nameOf(broken.name, DEFAULT_LOCALE, locale === DEFAULT_LOCALE ? label : undefined);
    return { text: name + detail.slice(broken.name.length), locale: DEFAULT_LOCALE };
  }

  /** What a form says of a rule before anything was entered; in English where there is no translation. */
  hint(name: string, { hint = name }: Pick<Rule, 'hint'>, parameters: RuleParameters, locale: string): Message {
    const translated = ownEntry(this.files.get(locale)?.hints, name);
    const text = fillText(translated ?? hint, '', parameters);
    return { text, locale: translated === undefined ? DEFAULT_LOCALE : locale };
  }

  private sentence(
    { rule, name, parameters }: BrokenRule,
    locale: string,
    label: string | undefined,
  ): string | undefined {
    const found = ownEntry(this.files.get(locale)?.rules, rule);
    const { expected } = parameters;
    const text = typeof found === 'object' && typeof expected === 'string' ? ownEntry(found, expected) : found;
    return typeof text === 'string' ? fillText(text, this.nameOf(name, locale, label), parameters) : undefined;
  }

  private nameOf(name: string, locale: string, label = name): string {
    return ownEntry(this.files.get(locale)?.names, name) ?? label;
  }
}

/** An entry of a file's own: `constructor` and its like, which every object inherits, are none. */
function ownEntry<Value>(entries: Readonly<Record<string, Value>> | undefined, key: string): Value | undefined {
  return entries && Object.hasOwn(entries, key) ? entries[key] : undefined;
}

const merged = (known: MessageFile, added: MessageFile): MessageFile => ({
  names: { ...known.names, ...added.names },
  rules: { ...known.rules, ...added.rules },
  hints: { ...known.hints, ...added.hints },
  codes: { ...known.codes, ...added.codes },
});
