import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { fileURLToPath } from 'node:url';
import { Config } from '../config/config.js';
import { chooseLanguage } from '../language/accept-language.js';
import { TemplateCompiler, type CompiledTemplate, type TemplateFormat } from '../templates/template.compiler.js';
import { oneLine } from './mail.address.js';
import { contextOf } from './mail.context.js';
import {
  type MailData,
  MAIL_SAMPLES,
  type MailSamples,
  type MailSurroundings,
  type MailTemplate,
  type MailValue,
  SAMPLE_SURROUNDINGS,
} from './mail.data.js';
import { TemplateFiles, type MailPart, type TemplateParts } from './mail.template-files.js';

/** A rendered mail. */
export interface RenderedMail {
  /** The language that it is written in, as a tag (RFC 5646). */
  readonly locale: string;
  /** One line. */
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

type Compiled = Readonly<Record<MailPart, CompiledTemplate>>;

/** All mails, and what they are compiled with. */
interface Mails {
  /** By name, then by language. */
  readonly templates: ReadonlyMap<string, ReadonlyMap<string, Compiled>>;
  readonly compilers: readonly TemplateCompiler[];
}

const BUILT_IN = fileURLToPath(new URL('./templates', import.meta.url));
/** The fallback language, in which every mail must exist. */
const DEFAULT_LOCALE = 'en';

/**
 * Renders mails with Handlebars from `<locale>/<mail>/{subject,html,text}.hbs` and the partials above them: those that
 * come with the service, those of a team, and those of the folder `MAIL_TEMPLATES`, which replaces single files. Not
 * through the mailer's template adapter: that one reads files while it sends, renders no text part, registers helpers
 * and partials in a global Handlebars, and carries a native CSS inliner.
 */
@Injectable()
export class MailTemplates implements OnApplicationBootstrap {
  private readonly folders = [BUILT_IN];
  private readonly samples = new Map<string, Readonly<Record<string, MailValue>>>(Object.entries(MAIL_SAMPLES));
  private built: Mails | null = null;

  constructor(@Inject(Config) private readonly config: Pick<Config, 'mailTemplates'>) {}

  /**
   * Adds a folder of templates; call it in `onModuleInit`. Its files replace earlier ones with the same name.
   * @param folder absolute path
   * @param samples sample data to render each new mail with before the service starts
   */
  add(folder: string, samples: MailSamples = {}): void {
    this.folders.push(folder);
    for (const [name, data] of Object.entries<Readonly<Record<string, MailValue>>>(samples))
      this.samples.set(name, data);
    this.built = null;
  }

  /**
   * Reads, compiles and renders every template, so that an invalid one stops the start instead of a mail. Without
   * templates of others it leaves that to the first mail: those of the service are tested, and all of them take a fifth
   * of a second.
   * @throws Error that names the file which is invalid, missing or belongs to no mail
   */
  onApplicationBootstrap(): void {
    if (this.folders.length === 1 && this.config.mailTemplates === null) return;
    const { templates, compilers } = (this.built ??= this.build());
    for (const compiler of compilers) compiler.checkPartials();
    for (const [name, translations] of templates) {
      for (const [locale, compiled] of translations) {
        fill(compiled, locale, this.samples.get(name) ?? {}, SAMPLE_SURROUNDINGS);
      }
    }
  }

  /** The languages in which there is a mail, as tags (RFC 5646). */
  locales(): string[] {
    this.built ??= this.build();
    return [...new Set([...this.built.templates.values()].flatMap((translations) => [...translations.keys()]))];
  }

  /**
   * Renders one mail in the best matching language of its templates.
   * @param languages the recipient's languages, in the syntax of `Accept-Language`
   * @throws Error when the template uses a name that is not in the data
   */
  render<Template extends MailTemplate>(
    template: Template,
    data: MailData[Template],
    surroundings: MailSurroundings,
    languages = '',
  ): RenderedMail {
    this.built ??= this.build();
    const translations = this.built.templates.get(template);
    if (!translations) throw new Error(`There is no mail ${template}`);
    const others = [...translations.keys()].filter((locale) => locale !== DEFAULT_LOCALE);
    const locale = chooseLanguage(languages, [DEFAULT_LOCALE, ...others]);
    const found = translations.get(locale);
    if (!found) throw new Error(`There is no mail ${template} in ${locale}`);
    return fill(found, locale, { ...data }, surroundings);
  }

  private build(): Mails {
    const files = new TemplateFiles();
    for (const folder of this.folders) files.add(folder);
    if (this.config.mailTemplates !== null) files.add(this.config.mailTemplates);
    const compilers = new Map<string, TemplateCompiler>();
    const compiler = (locale: string, format: TemplateFormat): TemplateCompiler => {
      const key = `${locale}.${format}`;
      const known =
        compilers.get(key) ??
        new TemplateCompiler(format, files.partials(locale, format), { date: dateHelper(locale) });
      compilers.set(key, known);
      return known;
    };
    const built = new Map([...this.samples.keys()].map((name) => [name, new Map<string, Compiled>()]));
    for (const template of files.templates()) {
      this.assertMail(template);
      const { name, locale, parts } = template;
      const compiled = {
        subject: compiler(locale, 'text').compile(parts.subject),
        html: compiler(locale, 'html').compile(parts.html),
        text: compiler(locale, 'text').compile(parts.text),
      };
      built.get(name)?.set(locale, compiled);
    }
    for (const [name, translations] of built) {
      if (!translations.has(DEFAULT_LOCALE))
        throw new Error(`The mail ${name} has no template ${DEFAULT_LOCALE}/${name}/`);
    }
    return { templates: built, compilers: [...compilers.values()] };
  }

  /** Templates without a mail are an error: the folder's name is misspelled, and its mail would be sent without them. */
  private assertMail({ name, parts }: TemplateParts): void {
    if (this.samples.has(name)) return;
    throw new Error(`${parts.html.path}: there is no mail ${name}, only ${[...this.samples.keys()].join(', ')}`);
  }
}

/** `{{date time}}`: a time as the language writes it, in UTC. */
function dateHelper(locale: string): (time: Date) => string {
  const dates = new Intl.DateTimeFormat(locale, {
    dateStyle: 'full',
    timeStyle: 'short',
    hourCycle: 'h23',
    timeZone: 'UTC',
  });
  return (time) => `${dates.format(time)} UTC`;
}

function fill(
  compiled: Compiled,
  locale: string,
  data: Readonly<Record<string, MailValue>>,
  surroundings: MailSurroundings,
): RenderedMail {
  const inText = contextOf('text', data, { ...surroundings, locale });
  const inHtml = contextOf('html', data, { ...surroundings, locale });
  return {
    locale,
    subject: oneLine(compiled.subject(inText)),
    html: compiled.html(inHtml),
    text: compiled.text(inText),
  };
}
