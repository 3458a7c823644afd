import { oneLine } from './mail.address.js';

/**
 * Text in mails that somebody wrote who may mean ill: names of people and of organizations. Mail programs make links of
 * whatever looks like an address or a telephone number, in plain text and in HTML; here such text loses what makes it
 * look like one.
 */

/**
 * Text that the service itself has made and no user, such as the address of a connection. A template prints it as it is;
 * every plain string loses what a mail program could make a link of.
 */
export class ServiceText {
  constructor(readonly text: string) {}
}

/** What no address does without: a scheme's colon, two slashes, the `@`, a Windows share's backslashes. */
const SEPARATORS = /:(?=\S)|\/{2,}|\\{2,}|@/gu;

/** The dots that domain names know (UTS 46), before a letter or digit. */
const INNER_DOT = /[.\u3002](?=[\p{L}\p{N}])/gu;

/** Initials: no top-level domain has one letter. */
const INITIAL = /(?<![\p{L}\p{M}\p{N}])\p{L}\p{M}*\.(?=\p{L}\p{M}*(?:[.\s]|$))/gu;

const DIGIT = /\p{Nd}/gu;
/** Mail programs take fewer digits than this for no telephone number. */
const DIGITS_OF_A_NUMBER = 7;

/** Characters that cannot be seen: a mail program may leave them out, and find what they kept apart. */
const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** As mail programs may read it: full-width and other spellings of the same signs are those signs. */
const readable = (text: string): string => oneLine(text.replace(INVISIBLE, '').normalize('NFKC'));

const hasNumber = (text: string): boolean => (text.match(DIGIT) ?? []).length >= DIGITS_OF_A_NUMBER;

/** Whether a mail program could make a link of something in the text, or call it. */
export function containsAddress(text: string): boolean {
  const plain = readable(text);
  return plain.search(SEPARATORS) >= 0 || plain.replace(INITIAL, '$& ').search(INNER_DOT) >= 0 || hasNumber(plain);
}

/**
 * The text on one line, with nothing in it that a mail program could make a link of: `https://evil.example` becomes
 * `https evil example`. What looks like nothing of the kind stays as it is.
 */
export function withoutAddresses(text: string): string {
  if (!containsAddress(text)) return oneLine(text);
  const apart = readable(text).replace(SEPARATORS, ' ').replace(INNER_DOT, ' ');
  return oneLine(hasNumber(apart) ? apart.replace(DIGIT, ' ') : apart);
}

/** Longest name that mails call somebody by, in characters. Beyond it somebody wrote a message into it. */
const MAX_NAME = 64;

/**
 * The name that a mail calls its reader by; empty where it is no name but a message with an address in it. Whoever
 * invites others chooses their names, and must not write to strangers in ours.
 */
export function readerName(name: string): string {
  const line = oneLine(name);
  return containsAddress(line) || [...line].length > MAX_NAME ? '' : line;
}
