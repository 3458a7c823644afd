import { Command } from '@commander-js/extra-typings';
import { integer } from '../../../config/variables/schemas.js';
import { DeadLetters } from '../../../outbox/dead-jobs.js';
import { eachParsedBy, type CommandContext } from '../../command.js';
import { onDatabase } from '../../with-service.js';

/** The maximum safe integer with the digits that the schema accepts. */
const MAX_ID = 999_999_999_999_999;

/** Retries jobs that failed permanently. */
export const mailRetryCommand = (context: CommandContext) =>
  new Command('retry')
    .summary('Retry mails and events that failed permanently')
    .description(
      'A running instance retries them within seconds, 14 times at most. Find out first why they failed. A mail ' +
        'with an expired link is dropped.',
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
