import { migrateAll } from '../app.migrate.js';
import { defineCommand } from './command.js';
import { onDatabase } from './on-database.js';

/** Brings the schema up to date and names what it ran. */
export const migrateCommand = defineCommand({
  summary: 'Bring the schema of the database up to date',
  details: 'May run while the service runs, and in several processes at once: one migrates, the others wait.',
  options: {},
  async run(_values, context) {
    const ran = await onDatabase(context, migrateAll);
    for (const name of ran) context.out.write(`${name}\n`);
    context.out.write(ran.length === 0 ? 'The schema is up to date.\n' : `Ran ${ran.length} migrations.\n`);
  },
});
