import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { fileURLToPath } from 'node:url';
import { Config } from '../config/config.js';
import { handlebars, TemplateCompiler, type CompiledTemplate } from '../templates/template.compiler.js';
import { readTemplates, type TemplateFile } from '../templates/template.files.js';
import { SCRIPT, STYLE } from './page.assets.js';
import type { PageData, PageName, PageSurroundings } from './page.data.js';
import { PAGE_SAMPLES, SAMPLE_PAGE_SURROUNDINGS } from './page.samples.js';

const BUILT_IN = fileURLToPath(new URL('./templates', import.meta.url));

/** Not escaped, since the Content-Security-Policy has the hashes of these texts. */
const asset = (text: string): unknown => new (handlebars().SafeString)(text);

/**
 * Renders pages with Handlebars from `<page>.hbs`. Every template is also a partial: `layout` is around each page, and
 * `field` and `links` are parts of pages. Templates contain no language, and all words are in their data.
 */
@Injectable()
export class PageTemplates implements OnApplicationBootstrap {
  private readonly folders = [BUILT_IN];
  private compiled: ReadonlyMap<string, CompiledTemplate> | null = null;

  constructor(@Inject(Config) private readonly config: Pick<Config, 'pageTemplates'>) {}

  /**
   * Adds a folder of templates; call it in `onModuleInit`. Its files replace earlier ones with the same name.
   * @param folder absolute path
   */
  add(folder: string): void {
    this.folders.push(folder);
    this.compiled = null;
  }

  /**
   * Reads and compiles every template, and renders those of the service with sample data, so that an invalid one stops the
   * start instead of a page. Without templates of others it leaves that to the first page.
   * @throws Error that names the invalid file
   */
  onApplicationBootstrap(): void {
    if (this.folders.length === 1 && this.config.pageTemplates === null) return;
    const compiled = (this.compiled = this.compile('checked'));
    for (const [name, data] of Object.entries(PAGE_SAMPLES)) {
      compiled.get(name)?.({ ...data, ...SAMPLE_PAGE_SURROUNDINGS, style: STYLE, script: SCRIPT });
    }
  }

  /**
   * The HTML document of a page. Every value of its data is escaped.
   * @throws Error when the template uses a name that is not in the data
   */
  render<Name extends PageName>(
    name: Name,
    data: PageData[Name],
    surroundings: PageSurroundings,
    style = STYLE,
  ): string {
    this.compiled ??= this.compile();
    const template = this.compiled.get(name);
    if (!template) throw new Error(`There is no template for the page ${name}`);
    return template({
      ...data,
      logo: null,
      signOutLink: null,
      ...surroundings,
      style: asset(style),
      script: asset(SCRIPT),
    });
  }

  private compile(now?: 'checked'): ReadonlyMap<string, CompiledTemplate> {
    const { pageTemplates } = this.config;
    const folders = pageTemplates === null ? this.folders : [...this.folders, pageTemplates];
    const files = new Map<string, TemplateFile>(folders.flatMap((folder) => [...readTemplates(folder)]));
    const compiler = new TemplateCompiler('html', files);
    // Every template is a partial too.
    if (now === 'checked') compiler.checkPartials();
    return new Map([...files].map(([name, file]) => [name, compiler.compile(file)]));
  }
}
