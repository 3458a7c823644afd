import { createRequire } from 'node:module';
import { Injectable } from '@nestjs/common';

const require = createRequire(import.meta.url);

/** Characters that may trail a listed password without making it another one. */
const MAX_DECORATION = 4;
const NOT_A_LETTER = /^[^\p{L}\p{M}]$/u;

/** Made with the first password that is set, in some 40 ms, and once for all applications of a process. */
let list: ReadonlySet<string> | undefined;

/**
 * The well-known breached passwords: 49,233 entries, offline, all in lower case. Provide another class under this
 * token to ask a larger list.
 */
@Injectable()
export class BreachedPasswords {
  /**
   * True when the password is in the list, ignoring case, or is a listed one with up to four digits or signs
   * appended. The second half is what makes the list bite: composition rules reject nearly all of its entries, and
   * what people make of them (`Password1!`, `Qwerty123!`) is what attackers try next. Four is `2024`, `123!`; more
   * would reject long random tails, and letters are never taken off.
   */
  has(password: string): boolean {
    list ??= new Set(commonPasswords());
    const characters = [...password.toLowerCase()];
    for (let taken = 0; taken <= MAX_DECORATION && characters.length > 0; taken++) {
      if (list.has(characters.join(''))) return true;
      if (!NOT_A_LETTER.test(characters.pop() ?? '')) return false;
    }
    return false;
  }
}

function commonPasswords(): readonly string[] {
  const { dictionary }: typeof import('@zxcvbn-ts/language-common') = require('@zxcvbn-ts/language-common');
  return dictionary['passwords-common'];
}
