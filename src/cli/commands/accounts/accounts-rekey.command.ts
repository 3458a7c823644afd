import { Command } from '@commander-js/extra-typings';
import { staleKeys, storeKey } from '../../accounts/email-keys.js';
import type { CommandContext } from '../../command.js';
import { onDatabase } from '../../with-service.js';

/** Updates e-mail keys of accounts from a release that compared domains in another form. */
export const accountsRekeyCommand = (context: CommandContext) =>
  new Command('rekey')
    .summary('Update the e-mail keys of older accounts')
    .description(
      'A release that compares e-mails in another form leaves older rows with their old keys, and their owners ' +
        'cannot sign in; `doctor` reports it. May run while the service runs, and again. If two accounts have the ' +
        'same mailbox, both are unchanged and reported: delete one of them, then run it again.',
    )
    .action(async () => {
      let stored = 0;
      const collisions: string[] = [];
      await onDatabase(context, async (dataSource) => {
        for await (const batch of staleKeys(dataSource)) {
          context.signal.throwIfAborted();
          for (const stale of batch) {
            if (await storeKey(dataSource, stale)) stored++;
            else collisions.push(`${stale.id} has the same mailbox as ${stale.heldBy ?? 'an earlier account'}.`);
          }
        }
      });
      context.out.write(`${stored} e-mail${stored === 1 ? '' : 's'} compared anew.\n`);
      for (const collision of collisions) context.out.write(`${collision}\n`);
      if (collisions.length > 0) throw new Error('Delete one account of each of these pairs, then run this again.');
    });
