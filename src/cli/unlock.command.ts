import { emailKey } from '../auth/email-key.js';
import { Throttle } from '../auth/rate-limit/rate-limiter.js';
import { email } from '../config/variables/schemas.js';
import { defineCommand, UsageError } from './command.js';
import { withService } from './with-service.js';

/** Lets somebody try again who was locked out by failed attempts, their own or a stranger's. */
export const unlockCommand = defineCommand({
  summary: 'Forget the failed attempts at an e-mail, so that its owner can try again at once',
  details:
    'For somebody who is told "Too many attempts". Instances that run know within a second or two. What was counted for an\n' +
    'address on the network stays, and so does the password.',
  options: {},
  operands: { schema: email, placeholder: 'EMAIL', description: 'Whose attempts; there need be no account' },
  async run(_values, context, emails) {
    const [address, ...others] = emails;
    if (address === undefined || others.length > 0) throw new UsageError(['Name one e-mail.']);
    const counts = await withService(context, (service) =>
      service.get(Throttle, { strict: false }).unlock(emailKey(address)),
    );
    context.out.write(counts === 0 ? 'Nothing was counted for this e-mail.\n' : 'It can be tried again.\n');
  },
});
