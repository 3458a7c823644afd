import { integer } from '../config/variables/schemas.js';
import { DeadLetters } from '../outbox/dead-jobs.js';
import { defineCommand, UsageError } from './command.js';
import { onDatabase } from './on-database.js';

/** Largest id that is a whole number to JavaScript, in decimal digits that the parser takes. */
const LARGEST_ID = 999_999_999_999_999;

/** Sends again what failed for good. */
export const mailRetryCommand = defineCommand({
  summary: 'Send mails and events again that failed for good',
  details:
    'They are tried anew by whatever instance runs, within seconds, and 14 times at most. Find out first why they\n' +
    'failed. A mail whose link is no good any more is dropped.',
  options: { all: { description: 'All that `mail dead` lists' } },
  operands: { schema: integer(1, LARGEST_ID), placeholder: 'ID', description: 'The first column of `mail dead`' },
  async run({ all }, context, ids) {
    if (all === ids.length > 0) throw new UsageError(['Give either the ids of dead letters or --all.']);
    const count = await onDatabase(context, (dataSource) => {
      const letters = new DeadLetters(dataSource);
      return all ? letters.retryAll() : letters.retry(ids.map(String));
    });
    context.out.write(`${count} to be sent again.\n`);
  },
});
