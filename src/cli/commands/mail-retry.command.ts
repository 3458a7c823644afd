import { Command } from '@commander-js/extra-typings';
import { integer } from '../../config/variables/schemas.js';
import { DeadLetters } from '../../outbox/dead-jobs.js';
import { eachParsedBy, type CommandContext } from '../command.js';
import { onDatabase } from '../with-service.js';

/** Largest id that is a whole number to JavaScript, in decimal digits that the schema takes. */
const MAX_ID = 999_999_999_999_999;

/** Sends again what failed for good. */
export const mailRetryCommand = (context: CommandContext) =>
  new Command('retry')
    .summary('Send mails and events again that failed for good')
    .description(
      'They are tried anew by any instance that runs, within seconds, and 14 times at most. Find out first why they ' +
        'failed. A mail whose link is no good any more is dropped.',
    )
    .argument('[ID...]', 'The first column of `mail dead`', eachParsedBy(integer(1, MAX_ID)))
    .option('--all', 'All that `mail dead` lists')
    .action(async (ids = [], { all = false }, command) => {
      if (all === ids.length > 0) command.error('error: Give either the ids of dead letters or --all.');
      const count = await onDatabase(context, (dataSource) => {
        const letters = new DeadLetters(dataSource);
        return all ? letters.retryAll() : letters.retry(ids.map(String));
      });
      context.out.write(`${count} to be sent again.\n`);
    });
