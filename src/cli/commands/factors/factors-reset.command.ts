import { Command } from '@commander-js/extra-typings';
import { emailKey } from '../../../auth/email-key.js';
import { email } from '../../../config/variables/schemas.js';
import { FactorResets } from '../../../second-factors/factor-resets.service.js';
import { parsedBy, type CommandContext } from '../../command.js';
import { withService } from '../../with-service.js';

/** Removes the second factors of an account, also of an admin. */
export const factorsResetCommand = (context: CommandContext) =>
  new Command('reset')
    .summary('Remove all second factors of an account, also of an admin')
    .description(
      'For people who lost their second factor and their recovery codes. Make sure that it is them who ask: from then on ' +
        'the password is enough. Passkeys and recovery codes are removed too, all sessions of the account end, and its ' +
        'owner gets a mail. It is recorded in the audit trail.',
    )
    .argument('<EMAIL>', 'The e-mail of the account', parsedBy(email))
    .action(async (address) => {
      const isReset = await withService(context, (service) =>
        service.get(FactorResets, { strict: false }).resetByOperator({ emailKey: emailKey(address) }),
      );
      if (!isReset) throw new Error(`There is no account ${address}.`);
      context.out.write('The second factors were removed.\n');
    });
