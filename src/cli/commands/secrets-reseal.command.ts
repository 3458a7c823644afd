import { Command } from '@commander-js/extra-typings';
import { SecretBox } from '../../auth/tokens/secrets.js';
import type { CommandContext } from '../command.js';
import { onDatabase } from '../with-service.js';
import { SealedData } from '../sealed-data.js';
import { number } from '../progress.js';

/** Re-encrypts what an older APP_SECRET encrypted, so that the older one can be removed. */
export const secretsResealCommand = (context: CommandContext) =>
  new Command('reseal')
    .summary('Re-encrypt what an older APP_SECRET encrypted')
    .description(
      'After a new secret was put in front of APP_SECRET and every instance was restarted. Encrypted are the ' +
        'tokens of mails that wait in the outbox, and the data of one-time tokens. Sessions and devices in browsers are signed, not encrypted: ' +
        'they are renewed automatically. May run while the service runs. It ends with 1 when something was ' +
        'encrypted with a secret that is no longer listed.',
    )
    .action(async () => {
      const secrets = new SecretBox(context.config());
      const { resealed, unreadable } = await onDatabase(context, (dataSource) =>
        new SealedData(dataSource, secrets).reseal(context.signal),
      );
      context.out.write(`Re-encrypted ${number(resealed)}.\n`);
      if (unreadable > 0) {
        const rows = unreadable === 1 ? '1 row was' : `${number(unreadable)} rows were`;
        throw new Error(
          `${rows} encrypted with a secret that APP_SECRET does not list; add that one again after the others.`,
        );
      }
    });
