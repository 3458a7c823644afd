import { Command } from '@commander-js/extra-typings';
import type { INestApplicationContext } from '@nestjs/common';
import { AccountDirectoryRepository } from '../../accounts/account-directory.repository.js';
import { emailKey } from '../../auth/email-key.js';
import { RateLimiter } from '../../auth/rate-limit/rate-limiter.js';
import { email } from '../../config/variables/schemas.js';
import { Audit } from '../../events/audit.js';
import { Transactions } from '../../json-api/sql/sql.js';
import { parsedBy, type CommandContext } from '../command.js';
import { withService } from '../with-service.js';

/** Resets the failed attempts for an e-mail. */
export const unlockCommand = (context: CommandContext) =>
  new Command('unlock')
    .summary('Reset the failed attempts for an e-mail, so that its owner can try again immediately')
    .description(
      'For the error "Too many attempts". Running instances apply it within a second or two. The attempts of IP ' +
        'addresses are kept, and the password is unchanged. It is recorded in the audit trail.',
    )
    .argument('<EMAIL>', 'The e-mail; it need not have an account', parsedBy(email))
    .action(async (address) => {
      const counts = await withService(context, (service) => unlock(service, emailKey(address)));
      context.out.write(counts === 0 ? 'Nothing was counted for this e-mail.\n' : 'The attempts were reset.\n');
    });

/** Resets the counted attempts and records that in the audit trail. Returns how many counts there were. */
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
