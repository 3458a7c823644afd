import { writeFile } from 'node:fs/promises';
import { Command } from '@commander-js/extra-typings';
import { openApiDocument } from '../../docs/openapi-document.js';
import type { CommandContext } from '../command.js';
import { withDescribedApp } from '../described-app.js';

/** Writes the OpenAPI document, in the form in which it is committed. */
export const openApiCommand = ({ extension, out }: CommandContext) =>
  new Command('openapi')
    .summary('Print the OpenAPI document of the service')
    .description(
      'Starts the service for a moment, on an embedded database of its own and independent of the environment, ' +
        'so that the document depends on the code alone. A running service gives the same document at ' +
        '/openapi.json.',
    )
    .option('--output <FILE>', 'Write to this file in place of the standard output')
    .action(async ({ output }) => {
      const text = `${JSON.stringify(await withDescribedApp(extension, openApiDocument), null, 2)}\n`;
      if (output === undefined) out.write(text);
      else await writeFile(output, text);
    });
