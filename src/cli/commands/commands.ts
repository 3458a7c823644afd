import { Command } from '@commander-js/extra-typings';
import type { CommandFactory } from '../command.js';
import { accountsExportCommand } from './accounts/accounts-export.command.js';
import { accountsImportCommand } from './accounts/accounts-import.command.js';
import { accountsRekeyCommand } from './accounts/accounts-rekey.command.js';
import { accountsSetEmailCommand } from './accounts/accounts-set-email.command.js';
import { createAdminCommand } from './create-admin.command.js';
import { doctorCommand } from './doctor.command.js';
import { factorsEnrolCommand } from './factors/factors-enrol.command.js';
import { factorsResetCommand } from './factors/factors-reset.command.js';
import { keysCreateCommand, keysListCommand, keysRevokeCommand } from './keys/api-keys.command.js';
import { keysRotateCommand } from './keys/keys-rotate.command.js';
import { mailDeadCommand } from './mail/mail-dead.command.js';
import { mailRetryCommand } from './mail/mail-retry.command.js';
import { migrateCommand } from './migrate.command.js';
import { openApiCommand } from './openapi.command.js';
import { secretsResealCommand } from './secrets-reseal.command.js';
import { seedCommand } from './seed.command.js';
import { sessionsRevokeCommand } from './sessions-revoke.command.js';
import { startCommand } from './start.command.js';
import { testServerCommand } from './test-server.command.js';
import { unlockCommand } from './unlock.command.js';
import { variablesCommand } from './variables.command.js';
import { clientCommand } from '../client/client.command.js';
import { newCommand } from '../new/new.command.js';

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandFactory[] = [
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

/** Groups commands with a common first word, such as `accounts export` and `accounts import`. */
function group(name: string, summary: string, ...factories: readonly CommandFactory[]): CommandFactory {
  return (context) => {
    const command = new Command(name).summary(summary).usage('<command> [options]').helpCommand(false);
    for (const create of factories) command.addCommand(create(context));
    return command;
  };
}
