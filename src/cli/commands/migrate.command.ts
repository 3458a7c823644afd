import { Command } from '@commander-js/extra-typings';
import { migrateAll } from '../../app.migrate.js';
import type { CommandContext } from '../command.js';
import { onDatabase } from '../with-service.js';

/** Runs the pending migrations. */
export const migrateCommand = (context: CommandContext) =>
  new Command('migrate')
    .summary('Bring the schema of the database up to date')
    .description('May run while the service runs, and in several processes at once: one migrates, the others wait.')
    .action(async () => {
      const ran = await onDatabase(context, migrateAll);
      for (const name of ran) context.out.write(`${name}\n`);
      context.out.write(ran.length === 0 ? 'The schema is up to date.\n' : `Ran ${ran.length} migrations.\n`);
    });
