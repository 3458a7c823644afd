import { Inject, Injectable, Optional } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Config } from '../config/config.js';
import { ownUrl } from '../config/own-url.js';

/**
 * The links in mails. They start with `APP_URL`, or with the service's own address when there is none; the Host header
 * of a request never appears in a mail.
 */
@Injectable()
export class MailLinks {
  constructor(
    @Inject(Config) private readonly config: Pick<Config, 'appUrl' | 'host' | 'port' | 'publicPath'>,
    @Optional() private readonly http?: HttpAdapterHost,
  ) {}

  /** The page to accept an invitation. */
  join(token: string): URL {
    return new URL(`${this.base}/join?token=${encodeURIComponent(token)}`);
  }

  /** The page to choose a new password. */
  resetPassword(token: string): URL {
    return new URL(`${this.base}/reset-password?token=${encodeURIComponent(token)}`);
  }

  /** The page to request a password reset. */
  forgotPassword(): URL {
    return new URL(`${this.base}/forgot-password`);
  }

  private get base(): string {
    const { appUrl, host, port, publicPath } = this.config;
    return appUrl ?? `${ownUrl(host, port || this.chosenPort())}${publicPath}`;
  }

  /** The port that the system assigned for `PORT=0`. */
  private chosenPort(): number {
    const address: unknown = this.http?.httpAdapter?.getHttpServer()?.address?.();
    if (typeof address !== 'object' || address === null || !('port' in address)) return 0;
    return Number(address.port);
  }
}
