import { readFile, writeFile } from 'node:fs/promises';
import { Command } from '@commander-js/extra-typings';
import { VARIABLES } from '../../config/variables.js';
import { envExample, withVariableTable } from '../../config/variables/documentation.js';
import type { CommandContext } from '../command.js';

/** Writes `.env.example`, and the table of the variables in a document. */
export const variablesCommand = ({ out, extension }: CommandContext) =>
  new Command('variables')
    .summary('Print every environment variable with its description and default, as a .env file')
    .description('All are commented out: redirect the output to .env, and change what you need.')
    .option('--markdown <FILE>', 'Write a table into this Markdown file, between its lines <!-- variables … -->')
    .action(async ({ markdown }) => {
      const all = { ...VARIABLES, ...extension.variables };
      if (markdown === undefined) out.write(envExample(all));
      else await writeFile(markdown, withVariableTable(await readFile(markdown, 'utf8'), all));
    });
