import { boolean, line, linkTemplate, mailbox, url } from './schemas.js';
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
  INVITATION_LINK: {
    schema: linkTemplate,
    default: null,
    description:
      'Link in invitations, such as https://app.example.com/accept-invitation?token={token}. ' +
      'Empty: the page {APP_URL}/join?token={token}.',
  },
  RESET_LINK: {
    schema: linkTemplate,
    default: null,
    description:
      'Link in mails to reset a password, such as https://app.example.com/new-password?token={token}. ' +
      'Empty: the page {APP_URL}/reset-password?token={token}.',
  },
  EMAIL_LINK: {
    schema: linkTemplate,
    default: null,
    description:
      'Link in mails to confirm a new e-mail, such as https://app.example.com/confirm-email?token={token}. ' +
      'Empty: the page {APP_URL}/confirm-email?token={token}.',
  },
  MAIL_TEMPLATES: {
    schema: line,
    default: null,
    description: 'Folder of mail templates that replace the built-in ones, file by file; see docs/mail.md.',
  },
  ERROR_MESSAGES: {
    schema: line,
    default: null,
    description: 'Folder of error messages in further languages, such as fr.yml; see docs/json-api.md.',
  },
  NEW_SIGN_IN_MAIL: {
    schema: boolean,
    default: 'true',
    description: 'true sends a mail about each sign-in to an account on a new device.',
  },
  INVITATION_REMINDER_MAIL: {
    schema: boolean,
    default: 'true',
    description: 'true sends a reminder one day before an invitation expires.',
  },
} as const satisfies VariableTable;
