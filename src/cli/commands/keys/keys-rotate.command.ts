import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { DEVELOPMENT_SECRETS } from '../../../config/development-secrets.js';
import { integer } from '../../../config/variables/schemas.js';
import { rotateKeysIn } from '../../../config/signing-keys.js';
import { generateSigningKey } from '../../../config/signing-keys.js';
import { parsedBy, type CommandContext } from '../../command.js';

/** Adds a new signing key for access tokens: tokens of the old one stay valid until they expire. */
export const keysRotateCommand = ({ config: load, env, out }: CommandContext) =>
  new Command('rotate')
    .summary('Add a new signing key for access tokens; of no API key')
    .description(
      'Changes the file that JWT_PRIVATE_KEY_FILE names, else the one under DATA_DIR; where the keys come from ' +
        'the variable JWT_PRIVATE_KEY itself, the new key is printed, to be put in front of them there. Instances ' +
        'sign with it after their next restart, and verify with the others as long as these are kept. No session ' +
        'ends.',
    )
    .option('--file <FILE>', 'The file with the keys, newest first')
    .option('--keep <N>', 'How many keys stay, the new one included', parsedBy(integer(2, 10)), 2)
    .action(({ file, keep }) => {
      const { dataDir } = load();
      if (file === undefined && env['JWT_PRIVATE_KEY']) {
        out.write(generateSigningKey());
        return;
      }
      const path = file ?? env['JWT_PRIVATE_KEY_FILE'] ?? join(dataDir, DEVELOPMENT_SECRETS.JWT_PRIVATE_KEY.file);
      if (!existsSync(path)) throw new Error(`There is no key file ${path}; name it with --file.`);
      rotateKeysIn(path, keep);
      out.write(`A new key is first in ${path}. Restart every instance.\n`);
    });
