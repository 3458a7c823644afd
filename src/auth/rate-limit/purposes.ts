import { createHash } from 'node:crypto';
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
  /** Id of the account that is changed. */
  readonly accountId?: string;
  /** Id of the identity provider that sends the request. */
  readonly providerId?: string;
}

/** A number of points per window, and the key that they are counted under. */
export interface Budget {
  /** Part of every key: two budgets of different names never share a count. */
  readonly name: string;
  /** The key of the counter; null when the subject lacks a part of it. */
  readonly keyOf: (subject: Subject) => readonly string[] | null;
  readonly points: (settings: ThrottleSettings) => number;
  /** Also spent by other clients: it is not reported in `RateLimit-Remaining`, which would reveal the activity of others. */
  readonly shared?: true;
  /** Reset when the attempt succeeds. */
  readonly untilSuccess?: true;
  /** Attempts on the secret of an account: reset when an operator unlocks the e-mail. */
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
 * Limit of an IPv6 /48, as a multiple of the limit of a /64. A /64 is the minimum that a customer is given and a
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
 * Known devices are exempt from the limit that others can use up, and share a limit of their own: a stolen cookie does not
 * allow more guesses from many addresses, and several cookies share one limit.
 */
const PER_EMAIL: Budget = {
  name: 'email',
  keyOf: ({ emailKey, knownDevice }) =>
    emailKey === undefined ? null : [emailKey, knownDevice ? 'known devices' : 'any device'],
  points: ({ perEmail }) => perEmail,
  shared: true,
  unlockable: true,
};

/** Attempts on the secret of one account. The limit of the e-mail over all addresses is counted last. */
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
const perAccount = (points: Budget['points']): Budget => ({
  name: 'account',
  keyOf: ({ accountId }) => (accountId === undefined ? null : [accountId]),
  points,
  shared: true,
});
const perRecipient = (points: Budget['points']): Budget => ({
  name: 'recipient',
  keyOf: ({ emailKey }) => (emailKey === undefined ? null : [emailKey]),
  points,
  shared: true,
});
/** Maximum number per hour. */
const DOMAIN_CHECKS = 60;
/** How often a page is opened, for each attempt that it is for. */
const PAGE_FACTOR = 10;
const timesMore = (budget: Budget): Budget => ({
  ...budget,
  points: (settings) => budget.points(settings) * PAGE_FACTOR,
});
/** Limit of tokens of API keys, as a multiple of the limit of attempts. */
const TOKENS_FACTOR = 10;
/** Sign-outs that one identity provider reports in an hour, at most: each is remembered for a while. */
const PROVIDER_SIGN_OUTS = 10_000;
/** Maximum numbers per day. */
const ROLE_CHANGE_MAILS = 5;
const EMAIL_CHANGES = 10;
const EMAIL_CHANGE_MAILS = 5;
const COPIED_PASSKEY_MAILS = 5;
const IDENTITY_MAILS = 5;

/**
 * All rate limits, one row each. Add a row here, then say `@RateLimit('…')` on the route, or call
 * `rateLimiter.count('…', subject)` where the subject is known.
 */
export const PURPOSES = {
  'sign-in': { ...ATTEMPTS, hashes: true },
  request_reset: ATTEMPTS,
  reset: { ...ATTEMPTS, hashes: true },
  join: { ...ATTEMPTS, hashes: true },
  token_valid: ATTEMPTS,
  show_invitation: ATTEMPTS,
  change: { ...ATTEMPTS, hashes: true },
  reauthenticate: { ...ATTEMPTS, hashes: true },
  passkey: ATTEMPTS,
  /** Challenges for passkeys: each page to sign in asks for one, and again while it stays open. */
  passkey_options: {
    windowSeconds: ({ windowSeconds }) => windowSeconds,
    onArrival: [timesMore(PER_ADDRESS), timesMore(PER_NETWORK)],
    onSubject: [],
  },
  /** Besides, codes are counted by account and locked: `FactorAttempts`. */
  second_factor: { ...ATTEMPTS, onSubject: [] },
  email_confirm: ATTEMPTS,
  email_revert: ATTEMPTS,
  sign_in_providers: ATTEMPTS,
  sso_start: ATTEMPTS,
  sso_callback: ATTEMPTS,
  sso_exchange: ATTEMPTS,
  identity_link: ATTEMPTS,
  /** Logout tokens of identity providers: by address those that are wrong, since the others are refunded. */
  backchannel_logout: {
    windowSeconds: ({ windowSeconds }) => windowSeconds,
    onArrival: [timesMore(PER_ADDRESS), timesMore(PER_NETWORK)],
    onSubject: [],
  },
  provider_sign_outs: {
    windowSeconds: () => HOUR,
    onArrival: [],
    onSubject: [
      {
        name: 'provider',
        keyOf: ({ providerId }) => (providerId === undefined ? null : [providerId]),
        points: () => PROVIDER_SIGN_OUTS,
        shared: true,
      },
    ],
  },
  /** API keys that are exchanged for tokens. A key cannot be guessed, and one address may be that of many machines. */
  token: {
    windowSeconds: ({ windowSeconds }) => windowSeconds,
    onArrival: [{ ...PER_ADDRESS, points: ({ perAddress }) => perAddress * TOKENS_FACTOR }],
    onSubject: [],
  },
  /** Requests for another e-mail of an account. */
  email_change: { windowSeconds: () => DAY, onArrival: [], onSubject: [perAccount(() => EMAIL_CHANGES)] },
  /** Mails about these requests to one e-mail. Above the limit none is sent. */
  email_change_mail: { windowSeconds: () => DAY, onArrival: [], onSubject: [perRecipient(() => EMAIL_CHANGE_MAILS)] },
  /** Mails that ask whether an identity is of the account. Above the limit none is sent. */
  identity_mail: { windowSeconds: () => DAY, onArrival: [], onSubject: [perRecipient(() => IDENTITY_MAILS)] },
  /** Invitation mails, by sender and by recipient. */
  invitation: {
    windowSeconds: () => DAY,
    onArrival: [],
    onSubject: [
      perActor(({ invitationsPerActor }) => invitationsPerActor),
      perRecipient(({ invitationsPerRecipient }) => invitationsPerRecipient),
    ],
  },
  /** Mails about a changed role. Above the limit the role is changed without a mail. */
  role_changed_mail: { windowSeconds: () => DAY, onArrival: [], onSubject: [perRecipient(() => ROLE_CHANGE_MAILS)] },
  /** Look-ups of the DNS records that prove domains. */
  verify_domain: { windowSeconds: () => HOUR, onArrival: [], onSubject: [perActor(() => DOMAIN_CHECKS)] },
  /** Mails about a passkey that may have been copied. */
  copied_passkey_mail: { windowSeconds: () => DAY, onArrival: [], onSubject: [perAccount(() => COPIED_PASSKEY_MAILS)] },
  /** Creates that fail because the e-mail is taken, which may reveal an account that the actor cannot read. */
  taken_email: {
    windowSeconds: () => HOUR,
    onArrival: [],
    onSubject: [perActor(({ takenEmailsPerActor }) => takenEmailsPerActor)],
  },
} as const satisfies Record<string, Purpose>;

/** The name of what is limited. Each is counted by itself. */
export type PurposeName = keyof typeof PURPOSES;

/**
 * The table contains no e-mail or address in plain text. Unlockable keys begin with a digest of the e-mail, since
 * the addresses of the attempts are not known. Null when there is no key.
 */
export function keyOf(kind: PurposeName, budget: Budget, subject: Subject): string | null {
  const parts = budget.keyOf(subject);
  if (parts === null) return null;
  const key = digest(JSON.stringify([kind, budget.name, ...parts]));
  return budget.unlockable && subject.emailKey !== undefined ? `${ownerOf(subject.emailKey)}${key}` : key;
}

/** What the keys of all attempts at an e-mail begin with. */
export const ownerOf = (emailKey: string): string => `${digest(emailKey)}.`;

/** A key of the table: SHA-256, so that it names nothing in plain text. */
export const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');
