import { Command } from '@commander-js/extra-typings';
import { oneLine } from '../../../mail/mail.address.js';
import { DeadLetters } from '../../../outbox/dead-jobs.js';
import type { CommandContext } from '../../command.js';
import { table } from '../../output.js';
import { onDatabase } from '../../with-service.js';

/** Lists the jobs of the outbox that failed permanently. */
export const mailDeadCommand = (context: CommandContext) =>
  new Command('dead')
    .summary('List the mails and events that failed permanently')
    .description(
      'Each was tried 14 times within 28 hours and stays until it is sent again. The list has the type and the ' +
        'last error, not the recipient.',
    )
    .action(async () => {
      const letters = await onDatabase(context, (dataSource) => new DeadLetters(dataSource).list());
      const rows = letters.map(({ id, task, attempts, since, lastError }) => [
        id,
        task,
        String(attempts),
        since.toISOString(),
        // The response of a relay is printed to a terminal.
        oneLine(lastError),
      ]);
      const list = table([['ID', 'TASK', 'ATTEMPTS', 'SINCE', 'LAST ERROR'], ...rows]);
      context.out.write(letters.length === 0 ? 'There are no dead letters.\n' : `${list}\n`);
    });
