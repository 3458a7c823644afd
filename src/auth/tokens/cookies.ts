import type { CookieSerializeOptions } from '@fastify/cookie';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Config } from '../../config/config.js';
import { ACCESS_COOKIE, REFRESH_COOKIE } from '../authentication/authentication.js';

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
