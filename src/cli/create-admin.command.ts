import { AdminAccounts } from '../accounts/admins/admin-accounts.js';
import { email, line } from '../config/variables/schemas.js';
import { randomPassword } from '../passwords/policy/password.policy.js';
import { askPassword } from './ask-password.js';
import { defineCommand, UsageError } from './command.js';
import { withService } from './with-service.js';

/** Makes an admin, also where no other is left. */
export const createAdminCommand = defineCommand({
  summary: 'Make an admin, also where nobody else can sign in any more',
  details:
    'Asks for the password on a terminal; elsewhere it is the first line of the standard input. It is never an\n' +
    'argument, which everybody on the machine could read. The account has the lowest role with every right, can sign\n' +
    'in at once, and stands in the audit trail. May run while the service runs.',
  options: {
    email: { schema: email, default: null, placeholder: 'EMAIL', description: 'Whom; required, and not taken yet' },
    name: { schema: line, default: 'Admin', placeholder: 'NAME', description: 'Name as shown to people' },
    generate: { description: 'Make a random password, and print it once' },
  },
  async run({ email: address, name, generate }, context) {
    if (address === null) throw new UsageError(['--email is required.']);
    const password = generate ? randomPassword() : await askPassword(context);
    const id = await withService(context, (service) =>
      service.get(AdminAccounts, { strict: false }).create({ name, email: address }, password),
    );
    context.out.write(`Made the admin ${address}, ${id}.\n${generate ? `Password: ${password}\n` : ''}`);
  },
});
