import { Command } from '@commander-js/extra-typings';
import { oneLine } from '../../mail/mail.address.js';
import { DeadLetters } from '../../outbox/dead-jobs.js';
import type { CommandContext } from '../command.js';
import { table } from '../output.js';
import { onDatabase } from '../with-service.js';

/** Shows the jobs of the outbox that failed for good. */
export const mailDeadCommand = (context: CommandContext) =>
  new Command('dead')
    .summary('List the mails and events that failed for good')
    .description(
      'Each was tried 14 times within 28 hours and stays until it is sent again. The list says what it was and how its ' +
        'last try failed, not whom it was for.',
    )
    .action(async () => {
      const letters = await onDatabase(context, (dataSource) => new DeadLetters(dataSource).list());
      const rows = letters.map(({ id, task, attempts, since, lastError }) => [
        id,
        task,
        String(attempts),
        since.toISOString(),
        // What a relay answered gets onto a terminal.
        oneLine(lastError),
      ]);
      const list = table([['ID', 'TASK', 'ATTEMPTS', 'SINCE', 'LAST ERROR'], ...rows]);
      context.out.write(letters.length === 0 ? 'There are no dead letters.\n' : `${list}\n`);
    });
