import { createHash, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { developmentSecret } from '../config/development-secrets.js';

/**
 * What the address of the development mailbox carries, 32 random characters. It is made once for a `DATA_DIR`, so that a
 * bookmark lives as long as the mails do. Where the request came from cannot take its place: an ordinary proxy on this
 * machine makes the whole world look local.
 */
@Injectable()
export class MailboxToken {
  private readonly token: string;

  constructor(@Inject(Config) config: Pick<Config, 'dataDir'>) {
    this.token = developmentSecret(config.dataDir, 'MAILBOX_TOKEN');
  }

  /** Path of the mailbox, which the start prints. */
  get path(): string {
    return `/dev/mailbox/${this.token}`;
  }

  /** Compares in constant time. */
  matches(sent: string): boolean {
    const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
    return timingSafeEqual(digest(sent), digest(this.token));
  }
}
