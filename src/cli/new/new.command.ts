import { Command } from '@commander-js/extra-typings';
import type { CommandContext } from '../command.js';
import { checkFolder, writeProject } from './new-project.js';
import { packageSource } from './package-source.js';

/** Writes a project that extends the service. */
export const newCommand = ({ out }: CommandContext) =>
  new Command('new')
    .summary('Write a project with an extension of the service')
    .description(
      'Writes package.json, an extension with one resource and its test, roles, a Dockerfile and what CI runs into a ' +
        'folder that is empty or does not exist yet. The project has the name of the folder.',
    )
    .argument('<FOLDER>', 'Where to write it, such as my-iam')
    .action(async (folder) => {
      const name = await checkFolder(folder);
      const files = await writeProject(folder, name, packageSource());
      out.write(`Wrote ${files.length} files:\n${files.map((file) => `  ${file}\n`).join('')}
Next:

  cd ${folder}
  npm install
  npm test                # compiles, and runs the tests on a database of their own
  cp .env.example .env
  npm start               # http://localhost:3000/docs

README.md explains the files.
`);
    });
