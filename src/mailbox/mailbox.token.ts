import { createHash, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { developmentSecret } from '../config/development-secrets.js';

/**
 * The token in the URL of the development mailbox, 32 random characters. Generated once per `DATA_DIR`, so that
 * bookmarks stay valid. The address of the client is not enough: behind a proxy on this machine every request looks
 * local.
 */
@Injectable()
export class MailboxToken {
  private readonly token: string;

  constructor(@Inject(Config) config: Pick<Config, 'dataDir'>) {
    this.token = developmentSecret(config.dataDir, 'MAILBOX_TOKEN');
  }

  /** Path of the mailbox, printed at start. */
  get path(): string {
    return `/dev/mailbox/${this.token}`;
  }

  /** Compares in constant time. */
  matches(sent: string): boolean {
    const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
    return timingSafeEqual(digest(sent), digest(this.token));
  }
}
