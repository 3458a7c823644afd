import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Cookies } from './cookies.js';
import { SecretBox } from './secrets.js';

const COOKIE = 'device';
const PURPOSE = 'device';
const BINDING_PURPOSE = 'device.password';
/** Seconds since the epoch, the binding, and the MAC. */
const MARK = /^\d{1,12}\.[\w-]{43}\.[\w-]{43}$/;
/** In seconds: a year after the last sign-in a device counts as unknown again. */
const LIFE = 365 * 24 * 3600;
/** A browser that a family shares. */
const MOST_PEOPLE = 5;

/** The account that somebody signed in to, and which of its passwords it was. */
export interface PasswordOfAccount {
  readonly id: string;
  /** The version of the password. */
  readonly version: number;
}

/**
 * Recognizes a browser that signed in before, so that strangers who use up an account's attempts do not shut its owner
 * out. The cookie is a list of marks `time.binding.mac` joined by `~`, one for each person. The MAC covers the e-mail, so
 * that a mark that was made up is rejected without a look at the database; the binding covers the account and the version
 * of its password, so that a new password makes every mark of an earlier one a stranger's. The cookie names nobody, is
 * good for nobody else, and opens nothing by itself.
 */
@Injectable()
export class KnownDevice {
  constructor(
    private readonly secrets: SecretBox,
    private readonly cookies: Cookies,
  ) {}

  /**
   * The mark of this device that a sign-in with this e-mail left here, or null. Ask `isCurrent` whether it still counts.
   */
  recognize(request: FastifyRequest, emailKey: string): string | null {
    return this.#marks(request).find((mark) => this.#isOf(mark, emailKey)) ?? null;
  }

  /** Whether a mark that was recognized belongs to the present password of the account. */
  isCurrent(mark: string, password: PasswordOfAccount): boolean {
    return this.secrets.verifyMac(BINDING_PURPOSE, bound(password), mark.split('.')[1] ?? '');
  }

  /** Remembers a sign-in that succeeded. */
  remember(request: FastifyRequest, reply: FastifyReply, emailKey: string, password: PasswordOfAccount): void {
    const others = this.#marks(request).filter((mark) => !this.#isOf(mark, emailKey));
    const content = `${now()}.${this.secrets.mac(BINDING_PURPOSE, bound(password))}`;
    const mark = `${content}.${this.secrets.mac(PURPOSE, `${content}.${emailKey}`)}`;
    const marks = [mark, ...others].slice(0, MOST_PEOPLE);
    this.cookies.put(reply, COOKIE, marks.join('~'), this.cookies.authPath, LIFE);
  }

  #marks(request: FastifyRequest): string[] {
    // No more than we ever wrote: each costs a MAC, and strangers' rubbish is not handed back.
    return (request.cookies[COOKIE] ?? '').split('~', MOST_PEOPLE).filter((mark) => MARK.test(mark));
  }

  #isOf(mark: string, emailKey: string): boolean {
    const [time = '', binding = '', mac = ''] = mark.split('.');
    return this.secrets.verifyMac(PURPOSE, `${time}.${binding}.${emailKey}`, mac) && Number(time) + LIFE > now();
  }
}

/** What the binding of a mark covers. */
const bound = ({ id, version }: PasswordOfAccount): string => `${id}.${version}`;

/** Seconds since the epoch. */
function now(): number {
  return Math.floor(Date.now() / 1000);
}
