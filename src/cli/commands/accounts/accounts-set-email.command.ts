import { Command } from '@commander-js/extra-typings';
import { AccountRules } from '../../../accounts/account.rules.js';
import { EmailChangesService } from '../../../accounts/email/email-changes.service.js';
import { email } from '../../../config/variables/schemas.js';
import { ACCOUNT_OPTION, accountOf, EMAIL_OPTION, ONE_ACCOUNT } from '../../account-options.js';
import { parsedBy, type CommandContext } from '../../command.js';
import { withService } from '../../with-service.js';

/** Changes the e-mail of an account, also of an admin. */
export const accountsSetEmailCommand = (context: CommandContext) =>
  new Command('set-email')
    .summary('Change the e-mail of an account at once, also of an admin')
    .description(
      'For accounts that cannot read their mailbox any more and that no admin outranks. Nothing is mailed to the new ' +
        'e-mail, so check it; the former one gets a notice. Links that were mailed before stop working, and an ' +
        'invitation that was not accepted yet is sent to the new e-mail. It is recorded in the audit trail.',
    )
    .argument('<EMAIL>', 'The new e-mail', parsedBy(email))
    .option(...ACCOUNT_OPTION)
    .option(...EMAIL_OPTION)
    .action(async (address, { account, email: former }, command) => {
      const name = accountOf(account, former);
      if (name === undefined) return command.error(ONE_ACCOUNT);
      await withService(context, async (service) => {
        const [problem] = service.get(AccountRules, { strict: false }).errors({ email: address }, 'email_change');
        if (problem) throw new Error(problem.detail);
        const isChanged = await service.get(EmailChangesService, { strict: false }).set(name, address);
        if (!isChanged) throw new Error(`There is no account ${account ?? former}, or it is a service account.`);
      });
      context.out.write('The e-mail was changed.\n');
    });
