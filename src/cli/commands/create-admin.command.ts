import { Command } from '@commander-js/extra-typings';
import { AdminAccounts } from '../../accounts/admins/admin-accounts.js';
import { email, line } from '../../config/variables/schemas.js';
import { randomPassword } from '../../passwords/policy/password.policy.js';
import { askPassword } from '../ask-password.js';
import { parsedBy, type CommandContext } from '../command.js';
import { withService } from '../with-service.js';

/** Creates an admin, also when there is no other. */
export const createAdminCommand = (context: CommandContext) =>
  new Command('create-admin')
    .summary('Create an admin, also when no admin can sign in')
    .description(
      'Prompts for the password on a terminal; otherwise it is the first line of the standard input. It is ' +
        'never an argument, which every user of the machine could read. The account has the lowest role with ' +
        'every right, can sign in at once, and is recorded in the audit trail. May run while the service runs.',
    )
    .requiredOption('--email <EMAIL>', 'E-mail of the admin; not taken yet', parsedBy(email))
    .option('--name <NAME>', 'Name as shown to people', parsedBy(line), 'Admin')
    .option('--break-glass', 'Sign in with the password even where an identity provider is enforced')
    .option('--generate', 'Generate a random password, and print it once')
    .action(async ({ email: address, name, generate, breakGlass = false }) => {
      const password = generate ? randomPassword() : await askPassword(context);
      const id = await withService(context, (service) =>
        service.get(AdminAccounts, { strict: false }).create({ name, email: address, breakGlass }, password),
      );
      context.out.write(`Made the admin ${address}, ${id}.\n${generate ? `Password: ${password}\n` : ''}`);
    });
