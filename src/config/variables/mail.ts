import { boolean, line, mailbox, url } from './schemas.js';
import type { VariableTable } from './variable.js';

/** How mails are sent, and which ones. */
export const MAIL_VARIABLES = {
  MAIL_URL: {
    schema: url('smtp', 'smtps'),
    default: null,
    description: 'SMTP relay, such as smtp://user:secret@mail:587. Empty: mails are written to DATA_DIR/mail.',
    secret: true,
    requiredInProduction: true,
  },
  MAIL_FROM: { schema: mailbox, default: 'Iam <no-reply@example.com>', description: 'Sender of every mail.' },
  MAIL_TEMPLATES: {
    schema: line,
    default: null,
    description: 'Folder of mail templates that take the place of the built-in ones, file by file; see docs/mail.md.',
  },
  NEW_SIGN_IN_MAIL: {
    schema: boolean,
    default: 'true',
    description: 'true mails people about a sign-in to their account on a device that is not known yet.',
  },
  INVITATION_REMINDER_MAIL: {
    schema: boolean,
    default: 'true',
    description: 'true mails people a reminder one day before their invitation ends.',
  },
} as const satisfies VariableTable;
