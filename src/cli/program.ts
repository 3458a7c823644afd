import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { InvalidText, type CommandContext, type CommandFactory } from './command.js';
import { accountsExportCommand } from './commands/accounts/accounts-export.command.js';
import { accountsImportCommand } from './commands/accounts/accounts-import.command.js';
import { accountsRekeyCommand } from './commands/accounts/accounts-rekey.command.js';
import { accountsSetEmailCommand } from './commands/accounts/accounts-set-email.command.js';
import { createAdminCommand } from './commands/create-admin.command.js';
import { doctorCommand } from './commands/doctor.command.js';
import { factorsEnrolCommand } from './commands/factors/factors-enrol.command.js';
import { factorsResetCommand } from './commands/factors/factors-reset.command.js';
import { keysCreateCommand, keysListCommand, keysRevokeCommand } from './commands/keys/api-keys.command.js';
import { keysRotateCommand } from './commands/keys/keys-rotate.command.js';
import { mailDeadCommand } from './commands/mail/mail-dead.command.js';
import { mailRetryCommand } from './commands/mail/mail-retry.command.js';
import { migrateCommand } from './commands/migrate.command.js';
import { openApiCommand } from './commands/openapi.command.js';
import { secretsResealCommand } from './commands/secrets-reseal.command.js';
import { seedCommand } from './commands/seed.command.js';
import { sessionsRevokeCommand } from './commands/sessions-revoke.command.js';
import { startCommand } from './commands/start.command.js';
import { testServerCommand } from './commands/test-server.command.js';
import { unlockCommand } from './commands/unlock.command.js';
import { variablesCommand } from './commands/variables.command.js';
import { clientCommand } from './client/client.command.js';
import { newCommand } from './new/new.command.js';

/** Every command, in the order of the help. */
const COMMANDS: readonly CommandFactory[] = [
  startCommand,
  migrateCommand,
  seedCommand,
  createAdminCommand,
  group(
    'accounts',
    'Move accounts between systems, and change e-mails',
    accountsExportCommand,
    accountsImportCommand,
    accountsRekeyCommand,
    accountsSetEmailCommand,
  ),
  group(
    'keys',
    'API keys of accounts; and the signing keys of access tokens',
    keysListCommand,
    keysCreateCommand,
    keysRevokeCommand,
    keysRotateCommand,
  ),
  group('secrets', 'Change APP_SECRET', secretsResealCommand),
  group('sessions', 'End sessions', sessionsRevokeCommand),
  group('factors', 'Add and remove second factors', factorsEnrolCommand, factorsResetCommand),
  unlockCommand,
  group('mail', 'Mails and events that failed permanently', mailDeadCommand, mailRetryCommand),
  doctorCommand,
  variablesCommand,
  openApiCommand,
  clientCommand,
  newCommand,
  testServerCommand,
];

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
export function createProgram(
  context: CommandContext,
  factories: readonly CommandFactory[] = [...COMMANDS, ...(context.extension.commands ?? [])],
) {
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

/** Groups commands with a common first word, such as `accounts export` and `accounts import`. */
function group(name: string, summary: string, ...factories: readonly CommandFactory[]): CommandFactory {
  return (context) => {
    const command = new Command(name).summary(summary).usage('<command> [options]').helpCommand(false);
    for (const create of factories) command.addCommand(create(context));
    return command;
  };
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
