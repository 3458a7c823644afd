import { asciiDomain } from '../auth/email-key.js';
import { splitMailbox } from '../config/variables/schemas.js';

/** An address as nodemailer takes it: never as one text, so nothing in a name can become another recipient. */
export interface Mailbox {
  readonly name: string;
  readonly address: string;
}

/** The person whom a mail is for. */
export interface MailRecipient {
  readonly name: string;
  readonly email: string;
  /** Language tag (RFC 5646) that the account prefers; null or missing for that of the request which caused the mail. */
  readonly locale?: string | null;
}

/** Finds the recipients of mails; the owner of the table `accounts` implements it. */
export abstract class MailRecipients {
  /** The owner of an account; undefined where there is none. */
  abstract recipient(accountId: string): Promise<MailRecipient | undefined>;
}

/** Control characters, line and paragraph separators, and characters that change the text direction. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;

/** RFC 5321 without quoted local parts and address literals; RFC 6531 letters are fine. */
const ADDRESS = /^[^\s\p{C}()<>[\]\\,;:"@]{1,64}@[^\s\p{C}()<>[\]\\,;:"@]{1,255}$/u;

/** True for a plain e-mail address, the only form that mail is sent to. */
export function isMailAddress(text: string): boolean {
  return ADDRESS.test(text);
}

/** The text on one line, without invisible characters that could start a header or hide text. */
export function oneLine(text: string): string {
  return text.replace(UNPRINTABLE, ' ').replace(/\s+/gu, ' ').trim();
}

/**
 * The mailbox of a person. The domain is written in ASCII form, as the DNS knows it and every relay takes it: only letters
 * beyond ASCII before the `@` need SMTPUTF8 (RFC 6531).
 * @throws Error for text that is no plain e-mail address.
 */
export function mailbox(name: string, email: string): Mailbox {
  if (!isMailAddress(email)) throw new Error('Not an e-mail address that mail can be sent to');
  const at = email.lastIndexOf('@') + 1;
  const domain = email.slice(at);
  return { name: oneLine(name), address: email.slice(0, at) + (asciiDomain(domain) ?? domain) };
}

/**
 * The mailbox of a setting such as `Iam <no-reply@example.com>` or `no-reply@example.com`.
 * @throws Error for text that is neither.
 */
export function parseMailbox(text: string): Mailbox {
  const { name, address } = splitMailbox(text) ?? { name: '', address: '' };
  return mailbox(name, address);
}
