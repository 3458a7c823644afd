import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Transport } from 'nodemailer';
import type MimeNode from 'nodemailer/lib/mime-node';
import type MailMessage from 'nodemailer/lib/mailer/mail-message';

/** The result of sending a mail to the development mailbox. */
export interface DevelopmentMail {
  readonly envelope: { from: string | false; to: string[] };
  readonly messageId: string;
  /** Absolute path of the `.eml` file. */
  readonly path: string;
}

/** Keeps the order of mails that are written within one millisecond. */
let sequence = 0;

/**
 * A transport that delivers nothing: each mail becomes a file `<data>/mail/<time>-….eml` (RFC 5322), readable only by
 * its owner, since it contains tokens. Names sort by time; files are created atomically.
 */
export class DevelopmentMailbox implements Transport<DevelopmentMail> {
  readonly name = 'development mailbox';
  readonly version = '1';
  readonly folder: string;

  constructor(dataDir: string) {
    this.folder = join(dataDir, 'mail');
  }

  /** nodemailer's entry: writes the mail and calls back. */
  send(mail: MailMessage<DevelopmentMail>, callback: (error: Error | null, info: DevelopmentMail) => void): void {
    const info = {
      envelope: mail.message.getEnvelope(),
      messageId: mail.message.messageId(),
      path: join(this.folder, fileName(new Date())),
    };
    this.write(mail, info.path).then(
      () => callback(null, info),
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), info),
    );
  }

  private async write(mail: MailMessage<DevelopmentMail>, path: string): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const draft = `${path}.tmp`;
    writeAsIs(mail.message);
    try {
      await writeFile(draft, mail.message.createReadStream(), { mode: 0o600, flag: 'wx' });
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }
}

/** Written without folding or encoding, since no relay transports it: links are readable in the file. */
function writeAsIs(node: MimeNode): void {
  for (const child of node.childNodes) writeAsIs(child);
  // nodemailer has no option for no encoding.
  if (node.childNodes.length === 0) Object.assign(node, { getTransferEncoding: () => '8bit' });
}

/** `2026-11-24T23-19-01.123Z-0042-9f3a1c.eml`: the random end keeps two processes apart. */
function fileName(time: Date): string {
  sequence = (sequence + 1) % 10_000;
  const order = String(sequence).padStart(4, '0');
  return `${time.toISOString().replaceAll(':', '-')}-${order}-${randomBytes(3).toString('hex')}.eml`;
}
