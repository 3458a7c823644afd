import { isIP } from 'node:net';
import type { ThrottleSettings } from '../../config/config.js';
import { addressBlockOf } from '../authentication/client-address.js';

/** What is known about a request that is counted. A budget that needs more than is known is not counted. */
export interface Subject {
  /** The client's address, as `clientAddress` gives it. */
  readonly address?: string;
  /** The unique key of the e-mail whose secret is attempted, or that is mailed: case and look-alikes folded. */
  readonly emailKey?: string;
  /** Whether the account's owner signed in on this device before, with the present password. */
  readonly knownDevice?: boolean;
  /** Id of the account that is signed in. */
  readonly actorId?: string;
}

/** So many points in a window, counted under what they are spent on. */
export interface Budget {
  /** Part of every key: two budgets of different names never share a count. */
  readonly name: string;
  /** What the points are counted under; null when the subject does not say. */
  readonly keyOf: (subject: Subject) => readonly string[] | null;
  readonly points: (settings: ThrottleSettings) => number;
  /** Also spent by other clients: `RateLimit-Remaining` does not tell one client what the others do. */
  readonly shared?: true;
  /** Forgotten when the attempt succeeded. */
  readonly untilSuccess?: true;
  /** Guesses at what the owner of an e-mail knows: forgotten when an operator unlocks the e-mail. */
  readonly unlockable?: true;
}

/** What is limited: its budgets and their window. */
export interface Purpose {
  readonly windowSeconds: (settings: ThrottleSettings) => number;
  /** Counted by `@RateLimit()` when the request arrives, before its body is read: by address. */
  readonly onArrival: readonly Budget[];
  /** Counted by a call, in this order, once the subject is known. The first that is used up ends the counting. */
  readonly onSubject: readonly Budget[];
  /** Hashes a password: a request is rejected on arrival while no more can wait for that. */
  readonly hashes?: true;
}

/**
 * What an IPv6 /48 may do, as a multiple of what one of its /64 may. A /64 is the least that a customer is given and a
 * /48 what a site is given (RFC 6177): 65,536 times a /64, and without a budget of its own as many times its points.
 */
const NETWORK_FACTOR = 4;

const isIPv6 = (address: string | undefined): address is string => isIP(address ?? '') === 6;

const PER_ADDRESS: Budget = {
  name: 'address',
  keyOf: ({ address }) => (address === undefined ? null : [addressBlockOf(address, 64)]),
  points: ({ perAddress }) => perAddress,
};
const PER_NETWORK: Budget = {
  name: 'network',
  keyOf: ({ address }) => (isIPv6(address) ? [addressBlockOf(address, 48)] : null),
  points: ({ perAddress }) => perAddress * NETWORK_FACTOR,
};
const PER_EMAIL_AND_ADDRESS: Budget = {
  name: 'email and address',
  keyOf: ({ emailKey, address }) =>
    emailKey === undefined || address === undefined ? null : [emailKey, addressBlockOf(address, 64)],
  points: ({ perEmailAndAddress }) => perEmailAndAddress,
  untilSuccess: true,
  unlockable: true,
};
const PER_EMAIL_AND_NETWORK: Budget = {
  name: 'email and network',
  keyOf: ({ emailKey, address }) =>
    emailKey === undefined || !isIPv6(address) ? null : [emailKey, addressBlockOf(address, 48)],
  points: ({ perEmailAndAddress }) => perEmailAndAddress * NETWORK_FACTOR,
  untilSuccess: true,
  unlockable: true,
};
/**
 * Known devices are exempt from the count that strangers can use up, and share one of their own: a stolen cookie is no
 * licence to guess from everywhere, and many of them are no more than one.
 */
const PER_EMAIL: Budget = {
  name: 'email',
  keyOf: ({ emailKey, knownDevice }) =>
    emailKey === undefined ? null : [emailKey, knownDevice ? 'known devices' : 'any device'],
  points: ({ perEmail }) => perEmail,
  shared: true,
  unlockable: true,
};

/** Guesses at what one e-mail's owner knows. The e-mail over all addresses comes last: one address uses up little of it. */
const ATTEMPTS = {
  windowSeconds: ({ windowSeconds }) => windowSeconds,
  onArrival: [PER_ADDRESS, PER_NETWORK],
  onSubject: [PER_EMAIL_AND_ADDRESS, PER_EMAIL_AND_NETWORK, PER_EMAIL],
} as const satisfies Purpose;

/** In seconds. */
const HOUR = 3_600;
const DAY = 24 * HOUR;

const perActor = (points: Budget['points']): Budget => ({
  name: 'actor',
  keyOf: ({ actorId }) => (actorId === undefined ? null : [actorId]),
  points,
  shared: true,
});
const perRecipient = (points: Budget['points']): Budget => ({
  name: 'recipient',
  keyOf: ({ emailKey }) => (emailKey === undefined ? null : [emailKey]),
  points,
  shared: true,
});
/** In a day: after as many, their owner knows that somebody changes their role. */
const ROLE_CHANGE_MAILS = 5;

/**
 * Everything that is limited, one row each. Add a row here, then say `@RateLimit('…')` on the route, or call
 * `rateLimiter.count('…', subject)` where the subject is known.
 */
export const PURPOSES = {
  'sign-in': { ...ATTEMPTS, hashes: true },
  request_reset: ATTEMPTS,
  reset: { ...ATTEMPTS, hashes: true },
  join: { ...ATTEMPTS, hashes: true },
  token_valid: ATTEMPTS,
  change: { ...ATTEMPTS, hashes: true },
  /** Mails to people who have not joined, whoever sends them. */
  invitation: {
    windowSeconds: () => DAY,
    onArrival: [],
    onSubject: [
      perActor(({ invitationsPerActor }) => invitationsPerActor),
      perRecipient(({ invitationsPerRecipient }) => invitationsPerRecipient),
    ],
  },
  /** Mails about another role, whoever gives it. What is above changes the role all the same, and mails nothing. */
  role_changed_mail: { windowSeconds: () => DAY, onArrival: [], onSubject: [perRecipient(() => ROLE_CHANGE_MAILS)] },
  /** Creates that are told that their e-mail is taken, perhaps by an account which the actor may not read. */
  taken_email: {
    windowSeconds: () => HOUR,
    onArrival: [],
    onSubject: [perActor(({ takenEmailsPerActor }) => takenEmailsPerActor)],
  },
} as const satisfies Record<string, Purpose>;

/** The name of what is limited. Each is counted by itself. */
export type PurposeName = keyof typeof PURPOSES;
