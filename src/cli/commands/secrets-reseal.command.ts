import { Command } from '@commander-js/extra-typings';
import { SecretBox } from '../../auth/tokens/secrets.js';
import { SealedJobs } from '../../outbox/sealed-payloads.js';
import type { CommandContext } from '../command.js';
import { onDatabase } from '../with-service.js';
import { number } from '../progress.js';

/** Seals anew what an older APP_SECRET sealed, so that the older one can go. */
export const secretsResealCommand = (context: CommandContext) =>
  new Command('reseal')
    .summary('Seal anew what an older APP_SECRET sealed')
    .description(
      'After a new secret was put in front of APP_SECRET and every instance was restarted. What is sealed are the ' +
        'tokens of mails that wait in the outbox. Sessions and devices in browsers are signed, not sealed: they follow ' +
        'by themselves. May run while the service runs. It ends with 1 when something was sealed with a secret that is ' +
        'no longer listed.',
    )
    .action(async () => {
      const secrets = new SecretBox(context.config());
      const { resealed, unreadable } = await onDatabase(context, (dataSource) =>
        new SealedJobs(dataSource, secrets).reseal(context.signal),
      );
      context.out.write(`Sealed ${number(resealed)} anew.\n`);
      if (unreadable > 0) {
        const rows = unreadable === 1 ? '1 row was' : `${number(unreadable)} rows were`;
        throw new Error(
          `${rows} sealed with a secret that APP_SECRET does not list; put that one back behind the others.`,
        );
      }
    });
