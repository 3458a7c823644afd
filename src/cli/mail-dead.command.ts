import { oneLine } from '../mail/mail.address.js';
import { DeadLetters } from '../outbox/dead-jobs.js';
import { defineCommand } from './command.js';
import { onDatabase } from './on-database.js';
import { table } from './table.js';

/** Shows the jobs of the outbox that failed for good. */
export const mailDeadCommand = defineCommand({
  summary: 'List the mails and events that failed for good',
  details:
    'Each was tried 14 times within 28 hours and stays until somebody sends it again. The list says what it was and\n' +
    'how its last try failed, not whom it was for.',
  options: {},
  async run(_values, context) {
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
  },
});
