import { readFile, writeFile } from 'node:fs/promises';
import { VARIABLES } from '../config/variables.js';
import { envExample, withVariableTable } from '../config/variables/documentation.js';
import { line } from '../config/variables/schemas.js';
import { defineCommand } from './command.js';

/** Writes `.env.example`, and the table of the variables in a document. */
export const variablesCommand = defineCommand({
  summary: 'Print every environment variable with its description and default, as a .env file',
  details: 'All are commented out: redirect it to .env, and change what you need.',
  options: {
    markdown: {
      schema: line,
      default: null,
      placeholder: 'FILE',
      description: 'Write a table into this Markdown file instead, between its lines <!-- variables … -->',
    },
  },
  async run({ markdown }, { out }) {
    if (markdown === null) out.write(envExample(VARIABLES));
    else await writeFile(markdown, withVariableTable(await readFile(markdown, 'utf8'), VARIABLES));
  },
});
