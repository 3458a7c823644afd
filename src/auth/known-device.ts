import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Cookies } from './cookies.js';
import { SecretBox } from './secrets.js';

const COOKIE = 'device';
const PURPOSE = 'device';
/** Seconds since the epoch, and the MAC. */
const MARK = /^\d{1,12}\.[\w-]{43}$/;
/** In seconds: a year after the last sign-in a device counts as unknown again. */
const LIFE = 365 * 24 * 3600;
/** A browser that a family shares. */
const MOST_PEOPLE = 5;

/**
 * Recognises a browser that signed in before, so that strangers who use up an account's attempts do not shut its owner
 * out. The cookie is a list of `time.mac` joined by `~`, one for each person; the MAC covers e-mail and time, so the
 * cookie names nobody and is good for nobody else. It opens nothing by itself.
 */
@Injectable()
export class KnownDevice {
  constructor(
    private readonly secrets: SecretBox,
    private readonly cookies: Cookies,
  ) {}

  /** What tells this device from others of the same person, or null when that person never signed in on it. */
  recognize(request: FastifyRequest, emailKey: string): string | null {
    return this.#marks(request).find((mark) => this.#isOf(mark, emailKey)) ?? null;
  }

  /** Remembers a sign-in that succeeded. */
  remember(request: FastifyRequest, reply: FastifyReply, emailKey: string): void {
    const others = this.#marks(request).filter((mark) => !this.#isOf(mark, emailKey));
    const time = String(now());
    const mark = `${time}.${this.secrets.mac(PURPOSE, `${time}.${emailKey}`)}`;
    const marks = [mark, ...others].slice(0, MOST_PEOPLE);
    this.cookies.put(reply, COOKIE, marks.join('~'), this.cookies.authPath, LIFE);
  }

  #marks(request: FastifyRequest): string[] {
    // No more than we ever wrote: each costs a MAC, and strangers' rubbish is not handed back.
    return (request.cookies[COOKIE] ?? '').split('~', MOST_PEOPLE).filter((mark) => MARK.test(mark));
  }

  #isOf(mark: string, emailKey: string): boolean {
    const [time = '', mac = ''] = mark.split('.');
    return this.secrets.verifyMac(PURPOSE, `${time}.${emailKey}`, mac) && Number(time) + LIFE > now();
  }
}

/** Seconds since the epoch. */
function now(): number {
  return Math.floor(Date.now() / 1000);
}
