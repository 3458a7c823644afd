import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import Handlebars from 'handlebars';
import { fileURLToPath } from 'node:url';
import { TemplateCompiler, type CompiledTemplate } from '../templates/template.compiler.js';
import { readTemplates, type TemplateFile } from '../templates/template.files.js';
import { SCRIPT, STYLE } from './page.assets.js';
import type { PageData, PageName, PageSurroundings } from './page.data.js';

const BUILT_IN = fileURLToPath(new URL('./templates', import.meta.url));

/** Not escaped, since the Content-Security-Policy has the hashes of these texts. */
const ASSETS = { style: new Handlebars.SafeString(STYLE), script: new Handlebars.SafeString(SCRIPT) };

/**
 * Renders pages with Handlebars from `<page>.hbs`. Every template is also a partial: `layout` is around each page, and
 * `field` and `links` are parts of pages. Templates contain no language, and all words are in their data.
 */
@Injectable()
export class PageTemplates implements OnApplicationBootstrap {
  private readonly folders = [BUILT_IN];
  private compiled: ReadonlyMap<string, CompiledTemplate> | null = null;

  /**
   * Adds a folder of templates; call it in `onModuleInit`. Its files replace earlier ones with the same name.
   * @param folder absolute path
   */
  add(folder: string): void {
    this.folders.push(folder);
    this.compiled = null;
  }

  /**
   * Reads and compiles every template, so that an invalid one stops the start instead of a page.
   * @throws Error that names the invalid file
   */
  onApplicationBootstrap(): void {
    this.compiled ??= this.compile();
  }

  /**
   * The HTML document of a page. Every value of its data is escaped.
   * @throws Error when the template uses a name that is not in the data
   */
  render<Name extends PageName>(name: Name, data: PageData[Name], surroundings: PageSurroundings): string {
    this.compiled ??= this.compile();
    const template = this.compiled.get(name);
    if (!template) throw new Error(`There is no template for the page ${name}`);
    return template({ ...data, ...surroundings, ...ASSETS });
  }

  private compile(): ReadonlyMap<string, CompiledTemplate> {
    const files = new Map<string, TemplateFile>(this.folders.flatMap((folder) => [...readTemplates(folder)]));
    const compiler = new TemplateCompiler('html', files);
    return new Map([...files].map(([name, file]) => [name, compiler.compile(file)]));
  }
}
