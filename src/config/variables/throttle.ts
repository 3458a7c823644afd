import { boolean, integer } from './schemas.js';
import type { VariableTable } from './variable.js';

const attempts = integer(1, 1_000_000);

/** Rate limits of attempts, invitations and writes. */
export const THROTTLE_VARIABLES = {
  THROTTLE_WINDOW_SECONDS: {
    schema: integer(1, 10 * 365 * 24 * 3600),
    default: '900',
    description: 'Window in which attempts at sign-in, join and reset are counted, in seconds.',
  },
  THROTTLE_PER_EMAIL_AND_ADDRESS: {
    schema: attempts,
    default: '5',
    description:
      'Attempts per window for one e-mail from one address (IPv6: one /64; four times as many from one /48).',
  },
  THROTTLE_PER_ADDRESS: {
    schema: attempts,
    default: '100',
    description: 'Attempts per window from one address (IPv6: one /64; four times as many from one /48).',
  },
  THROTTLE_PER_EMAIL: {
    schema: attempts,
    default: '50',
    description:
      'Attempts per window for one e-mail from all addresses; known devices have a separate limit of the same size.',
  },
  THROTTLE_INVITATIONS_PER_ACTOR: {
    schema: attempts,
    default: '500',
    description: 'Invitations that one account may send in 24 hours, including those sent again.',
  },
  THROTTLE_INVITATIONS_PER_RECIPIENT: {
    schema: attempts,
    default: '5',
    description: 'Invitations that one e-mail may be sent in 24 hours, from all senders together.',
  },
  THROTTLE_TAKEN_EMAILS_PER_ACTOR: {
    schema: attempts,
    default: '30',
    description:
      'Creates per hour that may fail because the e-mail is taken, for an account that cannot read all accounts.',
  },
  THROTTLE_WRITES_PER_ACTOR: {
    schema: attempts,
    default: '1200',
    description:
      'Write requests of one account per minute (all methods but GET, HEAD and OPTIONS); each further ' +
      'instance may let 5 % more pass.',
  },
  THROTTLE_DISABLED: {
    schema: boolean,
    default: 'false',
    description:
      'true switches the limits of attempts, invitations and connections off, for tests and load measurements.',
  },
} as const satisfies VariableTable;
