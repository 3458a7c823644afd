import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import type { CommandContext } from '../command.js';
import { withDescribedApp } from '../described-app.js';
import { clientSource } from './client-source.js';

/** The package that generated clients are based on. */
const PACKAGE = 'iam-client';

/** Writes a TypeScript client of the service, with the resources and operations of the extension. */
export const clientCommand = ({ extension, out }: CommandContext) =>
  new Command('client')
    .summary('Write a TypeScript client of the service')
    .description(
      `Writes api.ts into a folder: the types of all resources and operations, and createClient(). It imports ${PACKAGE}. ` +
        'Starts the service for a moment, on an embedded database of its own and independent of the environment.',
    )
    .requiredOption('--out <FOLDER>', 'Where to write it, such as src/iam')
    .option('--import <MODULE>', 'What the client imports', PACKAGE)
    .action(async ({ out: folder, import: module }) => {
      const source = await withDescribedApp(extension, (app) => clientSource(app, module));
      const file = join(folder, 'api.ts');
      await mkdir(folder, { recursive: true });
      await writeFile(file, source);
      out.write(`Wrote ${file}.\n`);
    });
