import { once } from 'node:events';
import { Command } from '@commander-js/extra-typings';
import { integer } from '../../config/variables/schemas.js';
import { parsedBy, type CommandContext } from '../command.js';

/** Runs the test kit as a process. The kit is loaded here alone, and does not load in production. */
export const testServerCommand = ({ env, extension, signal, in: input, out }: CommandContext) =>
  new Command('test-server')
    .summary('Run the service for end-to-end tests of front ends')
    .description(
      'On a database of its own, which is removed in the end. It takes POST /__test/reset, /__test/clock, ' +
        '/__test/login and /__test/mail from this machine, and ends with the process that started it. Variables of the ' +
        'environment count, .env does not. Not available with NODE_ENV=production.',
    )
    .option('--json', 'Print one line of JSON, with address, database and admin, when it is ready')
    .option('--port <PORT>', 'Port to listen on; a free one by default', parsedBy(integer(0, 65_535)), 0)
    .option('--database <URL>', 'PostgreSQL server on which it may create a database; an embedded one by default')
    .action(async ({ json, port, database }) => {
      const { watchParent } = await import('../../testing/server/parent.js');
      // Before anything that takes time, in which the parent may end.
      const parent = watchParent(input, env);
      const end = AbortSignal.any([signal, parent.signal]);
      try {
        const { startTestServer } = await import('../../testing/server/test-server.js');
        const { address, stop } = await startTestServer({ extension, env, port, database });
        const lines = Object.entries(address).map(
          ([name, value]) => `${name.replaceAll('_', ' ').padEnd(16)}${value}\n`,
        );
        out.write(json ? `${JSON.stringify(address)}\n` : lines.join(''));
        if (!end.aborted) await once(end, 'abort');
        await stop();
      } finally {
        parent.stop();
      }
    });
