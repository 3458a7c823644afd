import { Command } from '@commander-js/extra-typings';
import { emailKey } from '../../../auth/email-key.js';
import { email } from '../../../config/variables/schemas.js';
import { OperatorFactors } from '../../../second-factors/totp/operator-factors.service.js';
import { grouped, qrLines } from '../../../second-factors/totp/totp.js';
import { label } from '../../account-options.js';
import { askUntil } from '../../ask-line.js';
import { parsedBy, type CommandContext } from '../../command.js';
import { withService } from '../../with-service.js';

/** How many codes may be wrong, such as one that was typed too late. */
const MAX_CODES = 3;

/** Bright white on black, whatever the colors of the terminal: light modules are drawn, dark ones are not. */
const paint = (row: string): string => `\u001B[97;40m${row}\u001B[0m`;

/** Adds the first authenticator app of an account, on a terminal. */
export const factorsEnrolCommand = (context: CommandContext) =>
  new Command('enrol')
    .summary('Add an authenticator app to an account without a browser, such as a break-glass admin')
    .description(
      'Prints a key, this once: as a QR code to scan, and as text to type in. The app counts once a code of it was ' +
        'entered here, and nothing is stored before. For people who have no second factor yet. All sessions of the account ' +
        'end, and its owner gets a mail. It is recorded in the audit trail.',
    )
    .argument('<EMAIL>', 'The e-mail of the account', parsedBy(email))
    .option('--name <NAME>', 'What the app is called in the list of the account', parsedBy(label), 'Authenticator app')
    .action(async (address, { name }) => {
      const account = { emailKey: emailKey(address) };
      const isAdded = await withService(context, async (service) => {
        const factors = service.get(OperatorFactors, { strict: false });
        const key = await factors.newKey(account);
        if (key === null) throw new Error(`There is no person with the e-mail ${address}.`);
        const { secret, uri } = key;
        const rows = context.out.isTTY === true ? qrLines(uri).map(paint) : qrLines(uri);
        context.out.write(`${rows.join('\n')}\n\nKey: ${grouped(secret)}\n${uri}\n\n`);
        return askUntil('Code that the app shows: ', MAX_CODES, context, (code) =>
          factors.add(account, { name, secret }, code),
        );
      });
      if (!isAdded) throw new Error('No right code was entered, so nothing was added. Start again.');
      context.out.write('The app was added.\n');
    });
