import type { CookieSerializeOptions } from '@fastify/cookie';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Config } from '../../config/config.js';
import { ACCESS_COOKIE, REFRESH_COOKIE } from '../authentication/authentication.js';
import { SecretBox } from './secrets.js';

/** The two tokens of a browser session and how long each lives. */
export interface SessionCookies {
  readonly accessToken: string;
  /** Seconds since the epoch. */
  readonly accessExpiresAt: number;
  readonly refreshToken: string;
  readonly refreshExpiresAt: Date;
}

/**
 * The cookies of browser clients. No script reads them, no foreign site sends them along with an unsafe request, and
 * the refresh token travels to `/auth` only.
 */
@Injectable()
export class Cookies {
  readonly #base: CookieSerializeOptions;
  /** Path of everything of this service, as browsers see it. */
  readonly #accessPath: string;
  /** Path of everything that deals with signing in, as browsers see it. */
  readonly authPath: string;

  constructor(@Inject(Config) config: Pick<Config, 'environment' | 'apiPrefix' | 'publicPath'>) {
    // Plain http is for development only.
    this.#base = { httpOnly: true, sameSite: 'lax', secure: config.environment !== 'development' };
    this.#accessPath = config.publicPath || '/';
    this.authPath = `${config.publicPath}${config.apiPrefix}/auth`;
  }

  /** Hands both tokens to the browser, each for as long as it is good. */
  set(reply: FastifyReply, cookies: SessionCookies): void {
    const now = Date.now() / 1000;
    const refreshSeconds = cookies.refreshExpiresAt.getTime() / 1000 - now;
    this.put(reply, ACCESS_COOKIE, cookies.accessToken, this.#accessPath, cookies.accessExpiresAt - now);
    this.put(reply, REFRESH_COOKIE, cookies.refreshToken, this.authPath, refreshSeconds);
  }

  /** Takes both back. A browser forgets a cookie only when its path is named again. */
  clear(reply: FastifyReply): void {
    this.put(reply, ACCESS_COOKIE, '', this.#accessPath, 0);
    this.put(reply, REFRESH_COOKIE, '', this.authPath, 0);
  }

  /** Sets one cookie with the attributes that all of them share. `seconds` is its life; 0 deletes it. */
  put(reply: FastifyReply, name: string, value: string, path: string, seconds: number): void {
    reply.setCookie(name, value, { ...this.#base, path, maxAge: Math.max(0, Math.floor(seconds)) });
  }
}

const COOKIE = 'device';
const PURPOSE = 'device';
const BINDING_PURPOSE = 'device.password';
/** Seconds since the epoch, the binding, and the MAC. */
const MARK = /^\d{1,12}\.[\w-]{43}\.[\w-]{43}$/;
/** In seconds: a year after the last sign-in a device counts as unknown again. */
const LIFE = 365 * 24 * 3600;
/** A browser that a family shares. */
const MAX_PEOPLE = 5;

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
    const marks = [mark, ...others].slice(0, MAX_PEOPLE);
    this.cookies.put(reply, COOKIE, marks.join('~'), this.cookies.authPath, LIFE);
  }

  #marks(request: FastifyRequest): string[] {
    // No more than we ever wrote: each costs a MAC, and strangers' rubbish is not handed back.
    return (request.cookies[COOKIE] ?? '').split('~', MAX_PEOPLE).filter((mark) => MARK.test(mark));
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
