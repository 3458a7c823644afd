import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { MailerOptions, MailerTransportFactory } from '@nestjs-modules/mailer';
import { createTransport, type Transporter } from 'nodemailer';
import type { Config } from '../config/config.js';
import { DevelopmentMailbox } from './development-mailbox.js';

/** A relay that does not answer within these times, in milliseconds, has failed; the outbox tries again later. */
const CONNECT_MS = 10_000;
const SILENCE_MS = 30_000;
/** Longest time for one mail from connecting to the last answer, whatever the relay does. */
const SEND_MS = 60_000;

/** Connections to the relay that are kept and used again, as many as the outbox has workers. */
const CONNECTIONS = 4;

/**
 * How mail leaves: through the SMTP relay of `MAIL_URL`, whose query may carry nodemailer's options
 * (`smtp://relay.example.com:587?requireTLS=true`), or into the development mailbox when there is none.
 * @throws Error in production without a relay; the configuration has refused that before.
 */
export function mailerOptions(config: Pick<Config, 'mailUrl' | 'dataDir' | 'production'>): MailerOptions {
  if (config.mailUrl === null) {
    if (config.production) throw new Error('Production sends mail through MAIL_URL only');
    return { transport: new DevelopmentMailbox(config.dataDir) };
  }
  return {
    transport: {
      url: withRequiredTls(config.mailUrl),
      pool: true,
      maxConnections: CONNECTIONS,
      connectionTimeout: CONNECT_MS,
      greetingTimeout: CONNECT_MS,
      socketTimeout: SILENCE_MS,
      // Mails are made of templates here; nothing in one may name a file or an address to be fetched.
      disableFileAccess: true,
      disableUrlAccess: true,
    },
    sendTimeout: SEND_MS,
  };
}

/**
 * A relay that is told a password has to offer TLS, unless the URL asks for less (`ignoreTLS=true`, `requireTLS=false`):
 * nodemailer itself goes on in the clear where STARTTLS is not offered, or was stripped on the way (RFC 8314).
 */
export function withRequiredTls(mailUrl: string): string {
  const url = new URL(mailUrl);
  const asked = ['requireTLS', 'ignoreTLS', 'secure'].some((option) => url.searchParams.has(option));
  if (url.protocol !== 'smtp:' || url.username === '' || asked) return mailUrl;
  url.searchParams.set('requireTLS', 'true');
  return url.href;
}

/**
 * Keeps transports open until the last hook of a shutdown. The mailer closes its own with the first one, before the
 * outbox has let go of its jobs: a job that was about to send then failed, and its mail waited for another instance.
 */
@Injectable()
export class LastingTransports implements MailerTransportFactory, OnApplicationShutdown {
  private readonly closes: (() => void)[] = [];

  createTransport(options: Parameters<MailerTransportFactory['createTransport']>[0]): Transporter {
    const transporter: Transporter = createTransport(options);
    this.closes.push(transporter.close.bind(transporter));
    transporter.close = () => undefined;
    return transporter;
  }

  /** Jobs are done or handed back by now. */
  onApplicationShutdown(): void {
    for (const close of this.closes) close();
  }
}
