import { Inject, Injectable, Optional } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Config } from '../config/config.js';

/** Addresses that mean "every interface", which nobody can open. */
const UNSPECIFIED = new Set(['0.0.0.0', '::']);

/**
 * The links in mails. They start with `APP_URL`, or with the service's own address when there is none; what a
 * request calls the host never gets into a mail.
 */
@Injectable()
export class MailLinks {
  constructor(
    @Inject(Config) private readonly config: Pick<Config, 'appUrl' | 'host' | 'port' | 'publicPath'>,
    @Optional() private readonly http?: HttpAdapterHost,
  ) {}

  /** Where an invitation is accepted. */
  join(token: string): URL {
    return new URL(`${this.base}/join?token=${encodeURIComponent(token)}`);
  }

  /** Where a new password is chosen. */
  resetPassword(token: string): URL {
    return new URL(`${this.base}/reset-password?token=${encodeURIComponent(token)}`);
  }

  /** Where a mail with such a link is asked for. */
  forgotPassword(): URL {
    return new URL(`${this.base}/forgot-password`);
  }

  private get base(): string {
    const { appUrl, host, port, publicPath } = this.config;
    return appUrl ?? `${ownAddress(host, port || this.chosenPort())}${publicPath}`;
  }

  /** The port that the system chose where the configuration left it to it. */
  private chosenPort(): number {
    const address: unknown = this.http?.httpAdapter?.getHttpServer()?.address?.();
    if (typeof address !== 'object' || address === null || !('port' in address)) return 0;
    return Number(address.port);
  }
}

function ownAddress(host: string, port: number): string {
  if (UNSPECIFIED.has(host)) return `http://localhost:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
