import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DEVELOPMENT_SECRETS } from '../config/development-secrets.js';
import { integer, line } from '../config/variables/schemas.js';
import { rotateKeysIn } from '../config/signing-keys.js';
import { generateSigningKey } from '../config/signing-keys.js';
import { defineCommand } from './command.js';

/** Makes a new key for access tokens, with an overlap: what the old one signed stays good until it expires. */
export const keysRotateCommand = defineCommand({
  summary: 'Put a new key for access tokens in front of the ones in use',
  details:
    'Changes the file that JWT_PRIVATE_KEY_FILE names, else the one under DATA_DIR; where the keys come from the\n' +
    'variable JWT_PRIVATE_KEY itself, the new key is printed, to be put in front of them there. Instances sign with it\n' +
    'after their next restart, and verify with the others as long as these are kept. Nobody is signed out.',
  options: {
    file: { schema: line, default: null, placeholder: 'FILE', description: 'The file with the keys, newest first' },
    keep: {
      schema: integer(2, 10),
      default: 2,
      placeholder: 'N',
      description: 'How many keys stay, the new one included',
    },
  },
  async run({ file, keep }, { config: configuration, env, out }) {
    const config = configuration();
    const path = file ?? env['JWT_PRIVATE_KEY_FILE'] ?? join(config.dataDir, DEVELOPMENT_SECRETS.JWT_PRIVATE_KEY.file);
    if (file === null && env['JWT_PRIVATE_KEY']) {
      out.write(generateSigningKey());
      return;
    }
    if (!existsSync(path)) throw new Error(`There is no key file ${path}; name it with --file.`);
    rotateKeysIn(path, keep);
    out.write(`A new key stands in front in ${path}. Restart every instance.\n`);
  },
});
