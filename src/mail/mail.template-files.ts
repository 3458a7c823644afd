import type { TemplateFormat } from '../templates/template.compiler.js';
import { readTemplates, type TemplateFile } from '../templates/template.files.js';
import { isLanguageTag } from '../language/accept-language.js';

/** The parts of a mail; each is a file of its template. */
export const MAIL_PARTS = ['subject', 'html', 'text'] as const;

export type MailPart = (typeof MAIL_PARTS)[number];

/** The files of one mail in one language. */
export interface TemplateParts {
  readonly name: string;
  readonly locale: string;
  readonly parts: Readonly<Record<MailPart, TemplateFile>>;
}

const PARTIAL = /^[^.]+\.(?:html|text)$/;
const WANTED =
  '<partial>.<html|text>.hbs, <locale>/<partial>.<html|text>.hbs or <locale>/<mail>/<subject|html|text>.hbs';

/**
 * The template files of several folders, merged: of two files with the same name, the one of the folder that was added
 * later is used.
 */
export class TemplateFiles {
  /** Files by their names without `.hbs`, by their folders: none for all languages, a locale, or locale and mail. */
  private readonly folders = new Map<string, Map<string, TemplateFile>>();

  /**
   * Reads a folder.
   * @throws Error that names a file with an invalid name.
   */
  add(root: string): void {
    for (const [name, template] of readTemplates(root)) {
      const { path } = template;
      const segments = name.split('/');
      const file = segments.pop() ?? '';
      const [locale, mail, ...deeper] = segments;
      const fits = mail === undefined ? PARTIAL.test(file) : MAIL_PARTS.some((part) => part === file);
      if (!fits || deeper.length > 0) throw new Error(`${path}: a template file is called ${WANTED}`);
      if (locale !== undefined && !isLanguageTag(locale)) {
        throw new Error(`${path}: ${locale} is no language tag (RFC 5646)`);
      }
      const folder = segments.join('/');
      this.folders.set(folder, (this.folders.get(folder) ?? new Map<string, TemplateFile>()).set(file, template));
    }
  }

  /**
   * Every mail in every language that has a file of it.
   * @throws Error that names the missing file of an incomplete mail.
   */
  templates(): TemplateParts[] {
    return [...this.folders].flatMap(([folder, files]) => {
      const [locale = '', name] = folder.split('/');
      if (name === undefined) return [];
      const part = (wanted: MailPart): TemplateFile => {
        const file = files.get(wanted);
        if (file) return file;
        const [sibling] = files.values();
        throw new Error(`${folder}/${wanted}.hbs is missing beside ${sibling?.path}`);
      };
      return { name, locale, parts: { subject: part('subject'), html: part('html'), text: part('text') } };
    });
  }

  /** The partials of a language by their names: those for all languages, and its own in place of them. */
  partials(locale: string, kind: TemplateFormat): Map<string, TemplateFile> {
    const files = ['', locale].flatMap((folder) => [...(this.folders.get(folder) ?? [])]);
    return new Map(
      files.flatMap(([name, file]) => {
        const [partial = '', suffix] = name.split('.');
        return suffix === kind ? [[partial, file]] : [];
      }),
    );
  }
}
