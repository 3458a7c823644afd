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
  readonly path: string;
  /** Path of everything that deals with signing in, as browsers see it. */
  readonly authPath: string;

  constructor(@Inject(Config) config: Pick<Config, 'environment' | 'apiPrefix' | 'publicPath'>) {
    // Plain http is for development only.
    this.#base = { httpOnly: true, sameSite: 'lax', secure: config.environment !== 'development' };
    this.path = config.publicPath || '/';
    this.authPath = `${config.publicPath}${config.apiPrefix}/auth`;
  }

  /** Sets both token cookies, each with the lifetime of its token. */
  set(reply: FastifyReply, cookies: SessionCookies): void {
    const now = Date.now() / 1000;
    const refreshSeconds = cookies.refreshExpiresAt.getTime() / 1000 - now;
    this.put(reply, ACCESS_COOKIE, cookies.accessToken, this.path, cookies.accessExpiresAt - now);
    this.put(reply, REFRESH_COOKIE, cookies.refreshToken, this.authPath, refreshSeconds);
  }

  /** Clears both cookies. A browser deletes a cookie only when the same path is sent. */
  clear(reply: FastifyReply): void {
    this.put(reply, ACCESS_COOKIE, '', this.path, 0);
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
/** Maximum number of accounts that one browser remembers. */
const MAX_ACCOUNTS = 5;

/** An account and the version of the password that it signed in with. */
export interface PasswordOfAccount {
  readonly id: string;
  /** The version of the password. */
  readonly version: number;
}

/**
 * Recognizes a browser that signed in before, so that attackers who use up an account's attempts do not lock its owner
 * out. The cookie is a list of marks `time.binding.mac` joined by `~`, one for each account. The MAC covers the e-mail, so
 * that a forged mark is rejected without a query; the binding covers the account and the version
 * of its password, so that a new password invalidates all earlier marks. The cookie contains no e-mail, is only valid
 * for its account, and authorizes nothing by itself. It is sent to the pages, too, which are not below `/auth`.
 */
@Injectable()
export class KnownDevice {
  constructor(
    private readonly secrets: SecretBox,
    private readonly cookies: Cookies,
  ) {}

  /**
   * The mark of an earlier sign-in with this e-mail, or null. `isCurrent` checks whether it is still valid.
   */
  recognize(request: Pick<FastifyRequest, 'cookies'>, emailKey: string): string | null {
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
    const marks = [mark, ...others].slice(0, MAX_ACCOUNTS);
    this.cookies.put(reply, COOKIE, marks.join('~'), this.cookies.path, LIFE);
  }

  #marks(request: Pick<FastifyRequest, 'cookies'>): string[] {
    // No more than we write: each costs a MAC, and invalid marks are not sent back.
    return (request.cookies[COOKIE] ?? '').split('~', MAX_ACCOUNTS).filter((mark) => MARK.test(mark));
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
