import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { InvalidText, type CommandContext, type CommandFactory } from './command.js';

/** The program name in help texts. */
const PROGRAM = 'npx iam';

/** Other ways to write the first words; scripts of operators call commands by their former names. */
const ALIASES: ReadonlyMap<string | undefined, readonly string[]> = new Map([
  ['version', ['--version']],
  ['keys-rotate', ['keys', 'rotate']],
]);

/** The arguments as commander takes them: `help mail retry` is `mail retry --help`. */
export function commanderArguments([first, ...rest]: readonly string[]): string[] {
  if (first === 'help') return [...rest, '--help'];
  return first === undefined ? [] : [...(ALIASES.get(first) ?? [first]), ...rest];
}

/**
 * Creates the program with its commands, for one run. Instead of ending the process it throws a CommanderError: with
 * exit code 0 after help and version, with another one after a printed usage error.
 */
export function createProgram(context: CommandContext, factories: readonly CommandFactory[]) {
  const program = new Command(PROGRAM)
    .usage('<command> [options]')
    .option('-V, --version', 'Print the version')
    .on('option:version', () => {
      // Not by commander's version(), which would read the file for every command.
      context.out.write(`${version()}\n`);
      throw new CommanderError(0, 'commander.version', '');
    })
    .helpOption('-h, --help', 'Print this text')
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.out.write(text),
      writeErr: (text) => context.err.write(text),
    })
    .configureHelp({
      commandDescription: (command) => [command.summary(), command.description()].filter(Boolean).join('.\n\n'),
      subcommandTerm: termOf,
    })
    .hook('preAction', (_program, command) => rejectInvalidTexts(command));
  for (const command of factories.map((create) => create(context))) {
    const twin = program.commands.some((known) => known.name() === command.name());
    if (twin) throw new TypeError(`commands: there are two commands "${command.name()}"; call yours otherwise`);
    program.addCommand(command);
  }
  program.addHelpText(
    'after',
    `
\`${PROGRAM} <command> --help\` explains a command.
Settings come from the environment and .env, as the service's do.`,
  );
  configure(program, PROGRAM);
  return program;
}

/** A command in a list, as it is typed: `mail dead`, and a whole group as `mail dead|retry`. */
function termOf(command: CommandUnknownOpts): string {
  const group = command.parent?.parent ? command.parent.name() : '';
  return [group, command.name(), command.commands.map((sub) => sub.name()).join('|')].filter(Boolean).join(' ');
}

/** Passes the settings of the program to its commands, and adds a hint to usage errors. */
function configure(command: CommandUnknownOpts, path: string): void {
  command.showHelpAfterError(`Try \`${path} --help\`.`);
  for (const sub of command.commands) {
    sub.copyInheritedSettings(command);
    configure(sub, `${path} ${sub.name()}`);
  }
}

/** Reports all values that their schemas reject, before the action runs. */
function rejectInvalidTexts(command: CommandUnknownOpts): void {
  const options = command.options.map(
    (option) => [option.long, command.getOptionValue(option.attributeName())] as const,
  );
  const operands = command.registeredArguments.map(
    (argument, at) => [argument.name(), command.processedArgs[at]] as const,
  );
  const errors = [...options, ...operands].flatMap(([name, value]) =>
    [value]
      .flat()
      .filter((item) => item instanceof InvalidText)
      .map(({ reason, text }) => `error: ${name} ${reason}, not ${JSON.stringify(text)}.`),
  );
  if (errors.length > 0) command.error(errors.join('\n'));
}

/** The version of the package. Node needs its package.json, so it exists. */
function version(): string {
  const text = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
