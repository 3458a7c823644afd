import { createRequire } from 'node:module';
import type Handlebars from 'handlebars';
import type { TemplateFile } from './template.files.js';

const require = createRequire(import.meta.url);

/** Handlebars, which is loaded with the first template: it is some 40 files, and no mail or page is part of a start. */
export const handlebars = (): typeof Handlebars => require('handlebars');

/** What a template writes: in HTML every value is escaped. */
export type TemplateFormat = 'html' | 'text';

/** A compiled template. @throws Error that names the file when it is invalid or uses an unknown name. */
export type CompiledTemplate = (context: object) => string;

/** Functions of templates, by their names. */
export type TemplateHelpers = Readonly<Record<string, Handlebars.HelperDelegate>>;

/**
 * Compiles templates of one format in an isolated Handlebars environment. Templates run no code: no helpers but
 * Handlebars' own (without `log`) and those given here, no decorators; an unknown name is an error, and every value is
 * escaped in HTML.
 */
export class TemplateCompiler {
  private readonly handlebars = handlebars().create();

  /** @param partials the partials by name */
  constructor(
    private readonly format: TemplateFormat,
    private readonly partials: ReadonlyMap<string, TemplateFile>,
    private readonly helpers: TemplateHelpers = {},
  ) {
    for (const [name, helper] of Object.entries(helpers)) this.handlebars.registerHelper(name, helper);
    for (const [name, file] of partials) this.handlebars.registerPartial(name, file.source);
  }

  /** @throws Error that names the file of an invalid partial, which a template that uses it would report otherwise */
  checkPartials(): void {
    for (const file of this.partials.values()) {
      this.read(file, (program) => this.handlebars.precompile(program, this.options));
    }
  }

  /** The template, which is read and compiled on its first rendering. */
  compile(file: TemplateFile): CompiledTemplate {
    let compiled: HandlebarsTemplateDelegate | undefined;
    return (context) => {
      const template = (compiled ??= this.read(file, (program) => this.handlebars.compile(program, this.options)));
      try {
        const filled = template(context);
        return this.format === 'html' ? filled.replace(QUOTED_LINK, plain) : filled;
      } catch (error) {
        throw this.blame(error, file);
      }
    };
  }

  private get options() {
    const own = Object.fromEntries(Object.keys(this.helpers).map((name) => [name, true]));
    const knownHelpers = { ...own, log: false };
    return { strict: true, knownHelpersOnly: true, knownHelpers, noEscape: this.format === 'text' };
  }

  /** Handlebars would name no file in a syntax error. */
  private read<Result>({ path, source }: TemplateFile, use: (program: hbs.AST.Program) => Result): Result {
    try {
      const program = this.handlebars.parse(source);
      new (rules())(this.partials).accept(program);
      return use(program);
    } catch (error) {
      throw new Error(`${path}: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Handlebars reports the line and the name of an error, but not whether it is in a partial. */
  private blame(error: unknown, file: TemplateFile): Error {
    const message = messageOf(error);
    const [, name, line] = /^"([^"]+)" not defined .* - (\d+):\d+$/.exec(message) ?? [];
    const files = [file, ...this.partials.values()];
    const guilty = files.find(({ source }) => name && source.split('\n')[Number(line) - 1]?.includes(name));
    return new Error(`${(guilty ?? file).path}: ${message}`, { cause: error });
  }
}

/** A quoted attribute with a URL; values cannot contain a quote. */
const QUOTED_LINK = /\s(?:href|src|background|cite)\s*=\s*(?:"[^"]*"|'[^']*')/gi;

/** Without the entities that Handlebars writes for the sake of attributes without quotes: see `link` in mail.context.ts. */
const plain = (attribute: string): string => attribute.replaceAll('&#x3D;', '=').replaceAll('&#x60;', '`');

let loadedRules: ReturnType<typeof makeRules> | undefined;

/** {@link makeRules}, made with the first template. */
const rules = () => (loadedRules ??= makeRules());

/** Rejects what Handlebars would accept. */
const makeRules = () =>
  class Rules extends handlebars().Visitor {
    constructor(private readonly partials: ReadonlyMap<string, TemplateFile>) {
      super();
    }

    override MustacheStatement(statement: hbs.AST.MustacheStatement): void {
      if (!statement.escaped) throw addError('A value must not be written unescaped', statement);
      super.MustacheStatement(statement);
    }

    override PartialStatement(statement: hbs.AST.PartialStatement): void {
      this.checkPartial(statement);
      super.PartialStatement(statement);
    }

    override PartialBlockStatement(statement: hbs.AST.PartialBlockStatement): void {
      this.checkPartial(statement);
      super.PartialBlockStatement(statement);
    }

    override DecoratorBlock(statement: hbs.AST.DecoratorBlock): void {
      throw addError('There are no decorators', statement);
    }

    override Decorator(statement: hbs.AST.Decorator): void {
      throw addError('There are no decorators', statement);
    }

    private checkPartial(statement: hbs.AST.PartialStatement | hbs.AST.PartialBlockStatement): void {
      const name = 'original' in statement.name ? String(statement.name.original) : '';
      if (name !== '@partial-block' && !this.partials.has(name))
        throw addError(`There is no partial ${name}`, statement);
    }
  };

const addError = (message: string, { loc }: hbs.AST.Node) =>
  new Error(`${message} - ${loc.start.line}:${loc.start.column}`);

/** On one line: Handlebars draws an arrow under a syntax error. */
const messageOf = (error: unknown) =>
  (error instanceof Error ? error.message : String(error)).replace(/\s*\n\s*/g, ' ');
