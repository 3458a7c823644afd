import { Command } from '@commander-js/extra-typings';
import type { INestApplicationContext } from '@nestjs/common';
import { AccountDirectoryRepository } from '../../accounts/account-directory.repository.js';
import { emailKey } from '../../auth/email-key.js';
import { RateLimiter } from '../../auth/rate-limit/rate-limiter.js';
import { email } from '../../config/variables/schemas.js';
import { Audit } from '../../events/audit.js';
import { Transactions } from '../../json-api/sql/executor.js';
import { parsedBy, type CommandContext } from '../command.js';
import { withService } from '../with-service.js';

/** Forgets failed attempts, the owner's own or a stranger's. */
export const unlockCommand = (context: CommandContext) =>
  new Command('unlock')
    .summary('Forget the failed attempts at an e-mail, so that its owner can try again at once')
    .description(
      'For people who are told "Too many attempts". Instances that run know within a second or two. What was counted ' +
        'for an address on the network stays, and so does the password. The audit trail has a line of it.',
    )
    .argument('<EMAIL>', 'Whose attempts; there need be no account', parsedBy(email))
    .action(async (address) => {
      const counts = await withService(context, (service) => unlock(service, emailKey(address)));
      context.out.write(counts === 0 ? 'Nothing was counted for this e-mail.\n' : 'It can be tried again.\n');
    });

/** Forgets the attempts and tells the audit trail, where there were any; gives how many counts there were. */
function unlock(service: INestApplicationContext, key: string): Promise<number> {
  const accounts = service.get(AccountDirectoryRepository, { strict: false });
  const audit = service.get(Audit, { strict: false });
  const rateLimiter = service.get(RateLimiter, { strict: false });
  return service.get(Transactions, { strict: false }).run(async (tx) => {
    const id = await accounts.findId({ emailKey: key }, tx);
    const counts = await rateLimiter.unlock(key);
    if (counts === 0) return 0;
    const target = id === null ? null : { type: 'iam:accounts', id };
    const details = { by: 'operator' };
    await audit.record(tx, { action: 'iam:accounts.unlocked', actorId: null, ...(target && { target }), details });
    return counts;
  });
}
