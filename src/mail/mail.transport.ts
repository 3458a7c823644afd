import { createRequire } from 'node:module';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { MailerOptions, MailerTransportFactory } from '@nestjs-modules/mailer';
import type { Transporter } from 'nodemailer';
import type { Config } from '../config/config.js';
import { DevelopmentMailbox } from './development-mailbox.js';
import { writeInOnePiece } from './mail.message.js';

/** As CommonJS, as the mailer has it: as an ES module it would be a second nodemailer, of 39 files. */
const { createTransport }: typeof import('nodemailer') = createRequire(import.meta.url)('nodemailer');

/** Time-outs of the relay, in milliseconds; the outbox tries again later. */
const CONNECT_MS = 10_000;
const SILENCE_MS = 30_000;
/** Maximum time to send one mail, from connecting to the last response, in milliseconds. */
const SEND_MS = 60_000;

/** Pooled connections to the relay. Twice as many jobs run at the same time. */
const CONNECTIONS = 4;

/**
 * The mail transport: the SMTP relay of `MAIL_URL`, whose query may carry nodemailer's options
 * (`smtp://relay.example.com:587?requireTLS=true`), or the development mailbox when there is none.
 * @throws Error in production without a relay; the configuration rejects that earlier.
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
      // Mails are rendered from templates; nothing in a mail may name a file or a URL to fetch.
      disableFileAccess: true,
      disableUrlAccess: true,
    },
    sendTimeout: SEND_MS,
  };
}

/**
 * Requires TLS from a relay with a password, unless the URL says otherwise (`ignoreTLS=true`, `requireTLS=false`): by
 * default nodemailer continues in plain text when STARTTLS is not offered, or was stripped (RFC 8314).
 */
export function withRequiredTls(mailUrl: string): string {
  const url = new URL(mailUrl);
  const asked = ['requireTLS', 'ignoreTLS', 'secure'].some((option) => url.searchParams.has(option));
  if (url.protocol !== 'smtp:' || url.username === '' || asked) return mailUrl;
  url.searchParams.set('requireTLS', 'true');
  return url.href;
}

/**
 * Makes transports that write messages in one piece, and keeps them open until the last shutdown hook. The mailer closes its
 * own in the first one, before the outbox has stopped: jobs that were about to send failed, and their mails waited for
 * another instance.
 */
@Injectable()
export class LastingTransports implements MailerTransportFactory, OnApplicationShutdown {
  private readonly closes: (() => void)[] = [];

  createTransport(options: Parameters<MailerTransportFactory['createTransport']>[0]): Transporter {
    const transporter: Transporter = createTransport(options);
    transporter.use('stream', writeInOnePiece);
    this.closes.push(transporter.close.bind(transporter));
    transporter.close = () => undefined;
    return transporter;
  }

  /** Jobs are finished or released by now. */
  onApplicationShutdown(): void {
    for (const close of this.closes) close();
  }
}
