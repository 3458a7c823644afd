import { Inject, Injectable, Optional } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Config } from '../config/config.js';
import { baseUrl } from '../config/own-url.js';

/** Maximum length of a `return_to`, in characters. */
export const MAX_RETURN_TO = 2_048;

/** What the URL parser drops or reads as a slash, and a reader of the address does not see: controls and backslashes. */
const MISLEADING = /[\u0000-\u001f\u007f\\]/;

/**
 * Decides where a sign-in may lead (`return_to`), so that a link to this service cannot send people on to another site
 * (CWE-601).
 */
@Injectable()
export class ReturnUrls {
  private readonly listed: ReadonlySet<string>;

  constructor(
    @Inject(Config)
    private readonly config: Pick<Config, 'appUrl' | 'host' | 'port' | 'publicPath' | 'returnUrls'>,
    @Optional() private readonly http?: HttpAdapterHost,
  ) {
    this.listed = new Set(config.returnUrls);
  }

  /**
   * Resolves a `return_to` against `APP_URL`. Its origin must be that of `APP_URL`, or the whole address one of
   * `RETURN_URLS`. Redirect to the result, never to the text itself, which a browser may read in another way.
   * @returns null when it is not allowed
   */
  resolve(returnTo: string): URL | null {
    const base = `${baseUrl(this.config, this.http)}/`;
    if (returnTo.length > MAX_RETURN_TO || MISLEADING.test(returnTo) || !URL.canParse(returnTo, base)) return null;
    const url = new URL(returnTo, base);
    // The origin of a `blob:` URL is that of the page in it.
    const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
    if (!isWeb || url.username !== '' || url.password !== '') return null;
    return url.origin === new URL(base).origin || this.listed.has(url.href) ? url : null;
  }
}
