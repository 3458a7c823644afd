import { Command } from '@commander-js/extra-typings';
import { start } from '../../app.start.js';
import type { CommandContext } from '../command.js';

/** Starts the service, with the extension of the project. */
export const startCommand = ({ extension }: CommandContext) =>
  new Command('start')
    .summary('Start the service')
    .description(
      'Outside production it starts an embedded PostgreSQL where DATABASE_URL is missing, and brings the schema up to ' +
        'date. It ends with SIGTERM, after the requests that run.',
    )
    .action(() => start(extension));
