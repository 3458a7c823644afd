import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { simpleParser, type ParsedMail } from 'mailparser';
import { SMTPServer } from 'smtp-server';

/** A mail that the sink took: as it was parsed, as it was sent, and for whom its envelope was. */
export interface CaughtMail {
  readonly parsed: ParsedMail;
  readonly source: string;
  readonly recipients: readonly string[];
}

/** A real SMTP server on a free port (or a given one) that keeps what it is sent. */
export class SmtpSink {
  readonly mails: CaughtMail[] = [];
  /** Reply to every mail: null accepts it, a number rejects it with that SMTP code. */
  rejectWith: number | null = null;
  /** Milliseconds before a mail is answered. */
  delayMs = 0;

  private constructor(
    private readonly server: SMTPServer,
    readonly port: number,
  ) {}

  static async start(port = 0): Promise<SmtpSink> {
    const server: SMTPServer = new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      // Clients keep their connections for the next mail; they are not waited for.
      closeTimeout: 50,
      onData: (stream, session, callback) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const recipients = session.envelope.rcptTo.map((recipient) => recipient.address);
          sink.take(Buffer.concat(chunks).toString(), recipients).then(
            () => callback(),
            (error: Error) => callback(error),
          );
        });
      },
    });
    // A client that is killed in the middle of a mail is what these tests are about.
    server.on('error', () => undefined);
    server.listen(port, '127.0.0.1');
    await once(server.server, 'listening');
    const sink = new SmtpSink(server, (server.server.address() as AddressInfo).port);
    return sink;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  /** Connections that clients hold at the moment. */
  get connections(): number {
    return this.server.connections.size;
  }

  /** Waits until so many mails have come. */
  async waitFor(count: number, withinMs = 10_000): Promise<readonly CaughtMail[]> {
    const end = Date.now() + withinMs;
    while (this.mails.length < count) {
      if (Date.now() > end) throw new Error(`${this.mails.length} of ${count} mails came within ${withinMs} ms`);
      await sleep(10);
    }
    return this.mails;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.server.close(resolve));
  }

  private async take(source: string, recipients: readonly string[]): Promise<void> {
    if (this.delayMs > 0) await sleep(this.delayMs);
    if (this.rejectWith !== null) throw Object.assign(new Error('Not now'), { responseCode: this.rejectWith });
    this.mails.push({ parsed: await simpleParser(source), source, recipients });
  }
}
