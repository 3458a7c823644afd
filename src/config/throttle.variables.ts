import { integer } from './parsers.js';

const attempts = integer(1, 1_000_000);

/** The variables of the limits of attempts, of invitations and of writes. A part of `VARIABLES`. */
export const THROTTLE_VARIABLES = {
  THROTTLE_WINDOW_SECONDS: {
    parse: integer(1, 10 * 365 * 24 * 3600),
    default: '900',
    description: 'Window in which attempts at sign-in, join and reset are counted, in seconds.',
  },
  THROTTLE_PER_EMAIL_AND_ADDRESS: {
    parse: attempts,
    default: '5',
    description:
      'Attempts in a window for one e-mail from one address (IPv6: one /64; four times as many from one /48).',
  },
  THROTTLE_PER_ADDRESS: {
    parse: attempts,
    default: '100',
    description: 'Attempts in a window from one address (IPv6: one /64; four times as many from one /48).',
  },
  THROTTLE_PER_EMAIL: {
    parse: attempts,
    default: '50',
    description: 'Attempts in a window for one e-mail over all addresses; known devices have as many of their own.',
  },
  THROTTLE_INVITATIONS_PER_ACTOR: {
    parse: attempts,
    default: '500',
    description: 'Invitations that one account may send in 24 hours, those sent again included.',
  },
  THROTTLE_INVITATIONS_PER_RECIPIENT: {
    parse: attempts,
    default: '5',
    description: 'Invitations that one e-mail may be sent in 24 hours, whoever sends them.',
  },
  THROTTLE_TAKEN_EMAILS_PER_ACTOR: {
    parse: attempts,
    default: '30',
    description:
      'How often in an hour an account that may not read all accounts is told, on creating one, that an e-mail is taken.',
  },
  THROTTLE_WRITES_PER_ACTOR: {
    parse: attempts,
    default: '1200',
    description:
      'Requests of one account in a minute that may change something (any but GET, HEAD and OPTIONS); each further instance may let 5 % more pass.',
  },
} as const;
