import { Command } from '@commander-js/extra-typings';
import { OperatorKeysService } from '../../../api-keys/operator-keys.service.js';
import { integer, line, list } from '../../../config/variables/schemas.js';
import { oneLine } from '../../../mail/mail.address.js';
import { ACCOUNT_OPTION, accountOf, EMAIL_OPTION, label, ONE_ACCOUNT, uuid } from '../../account-options.js';
import { parsedBy, type CommandContext } from '../../command.js';
import { table } from '../../output.js';
import { withService } from '../../with-service.js';

const rights = list(line.max(255, 'must be a comma list of rights of at most 255 characters')).refine(
  ({ length }) => length <= 100,
  'must have at most 100 rights',
);
const time = (value: Date | null): string => value?.toISOString() ?? '-';

/** Lists API keys, never the keys themselves. */
export const keysListCommand = (context: CommandContext) =>
  new Command('list')
    .summary('List the API keys of an account')
    .description('Those of people and of service accounts, with what they may do and when they were last used.')
    .option(...ACCOUNT_OPTION)
    .option(...EMAIL_OPTION)
    .action(async ({ account, email: address }, command) => {
      const name = accountOf(account, address);
      if (name === undefined) return command.error(ONE_ACCOUNT);
      const keys = await withService(context, (service) =>
        service.get(OperatorKeysService, { strict: false }).list(name),
      );
      if (keys === null) throw new Error(`There is no account ${account ?? address}.`);
      const rows = keys.map((key) => [
        key.id,
        key.label,
        oneLine(key.name),
        key.status,
        time(key.expiresAt),
        time(key.lastUsedAt),
        key.permissions.join(' '),
      ]);
      const heads = ['ID', 'KEY', 'NAME', 'STATUS', 'EXPIRES', 'LAST USED', 'PERMISSIONS'];
      context.out.write(keys.length === 0 ? 'There are no API keys.\n' : `${table([heads, ...rows])}\n`);
    });

/** Makes an API key, and prints it. */
export const keysCreateCommand = (context: CommandContext) =>
  new Command('create')
    .summary('Make an API key and print it, once')
    .description('Its permissions lie within what the account may do. A person gets a mail about it.')
    .argument('<NAME>', 'What the key is for', parsedBy(label))
    .option(...ACCOUNT_OPTION)
    .option(...EMAIL_OPTION)
    .requiredOption('--permissions <RIGHTS>', 'Comma list of rights such as iam:accounts.read.org', parsedBy(rights))
    .option('--days <N>', 'How long it is good, in days', parsedBy(integer(1, 36_500)), 90)
    .action(async (keyName, { account, email: address, permissions, days }, command) => {
      const name = accountOf(account, address);
      if (name === undefined) return command.error(ONE_ACCOUNT);
      const key = await withService(context, (service) =>
        service.get(OperatorKeysService, { strict: false }).create(name, { name: keyName, permissions, days }),
      );
      if (key === null) throw new Error(`There is no account ${account ?? address}.`);
      context.out.write(`${key}\n`);
    });

/** Revokes an API key. */
export const keysRevokeCommand = (context: CommandContext) =>
  new Command('revoke')
    .summary('Revoke an API key immediately, on every running instance')
    .argument('<ID>', 'Id of the key', parsedBy(uuid))
    .action(async (id) => {
      const isRevoked = await withService(context, (service) =>
        service.get(OperatorKeysService, { strict: false }).revoke(id),
      );
      if (!isRevoked) throw new Error(`There is no API key ${id} that is not revoked.`);
      context.out.write('The API key was revoked.\n');
    });
