import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AddressObject, simpleParser } from 'mailparser';

/** Time between two looks into the mailbox, in milliseconds. */
const POLL_MS = 10;
/** How long `next` waits, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** A mail as it was sent. */
export interface TestMail {
  readonly to: readonly string[];
  readonly from: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** Language of the text, such as `de`. */
  readonly language: string;
  /** Every link in the text, in order. */
  readonly links: readonly URL[];
  /** The token in the first link that has one; null in mails without. */
  readonly token: string | null;
}

/**
 * The mails of one app. They come by the way of production: a job of the outbox renders the templates and gives the mail
 * to the mailer, whose transport writes it into a folder in place of sending it.
 */
export class TestMailbox {
  private readonly read = new Map<string, TestMail>();
  /** Mails that `next` has returned. */
  private readonly returned = new Set<string>();

  constructor(private readonly folder: string) {}

  /**
   * The next mail to an address, oldest first, which no call has returned before. Waits for it.
   * @throws Error when none has come within `timeoutMs`, 10 s by default; it lists what came instead
   */
  async next(to: string, { timeoutMs = TIMEOUT_MS }: { readonly timeoutMs?: number } = {}): Promise<TestMail> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      await this.look();
      const found = [...this.read].find(([name, mail]) => !this.returned.has(name) && isTo(mail, to));
      if (found) {
        this.returned.add(found[0]);
        return found[1];
      }
      if (performance.now() > end) throw this.missing(to, timeoutMs);
      await sleep(POLL_MS);
    }
  }

  /** Every mail that has come, or those to one address, oldest first; those that `next` returned are among them. */
  async all(to?: string): Promise<readonly TestMail[]> {
    await this.look();
    return [...this.read.values()].filter((mail) => to === undefined || isTo(mail, to));
  }

  /** Deletes every mail. `iam.reset()` does this too. */
  async clear(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
    this.read.clear();
    this.returned.clear();
  }

  /** Reads what is new. The names of files sort by time, and a file is complete when it has its name. */
  private async look(): Promise<void> {
    const names = await readdir(this.folder).catch(() => []);
    for (const name of names.filter((one) => one.endsWith('.eml') && !this.read.has(one)).sort()) {
      this.read.set(name, await parse(join(this.folder, name)));
    }
  }

  private missing(to: string, timeoutMs: number): Error {
    const others = [...this.read].map(([name, mail]) => {
      const seen = this.returned.has(name) ? ', which was returned before' : '';
      return `"${mail.subject}" to ${mail.to.join(', ')}${seen}`;
    });
    return new Error(
      `No mail to ${to} within ${timeoutMs} ms. ${others.length > 0 ? `There are: ${others.join('; ')}.` : 'There is none at all.'}`,
    );
  }
}

const isTo = (mail: TestMail, address: string): boolean =>
  mail.to.some((one) => one.toLowerCase() === address.toLowerCase());

async function parse(path: string): Promise<TestMail> {
  const { to, from, subject = '', text = '', html, headers } = await simpleParser(await readFile(path));
  const links = [...text.matchAll(/https?:\/\/[^\s<>"]+/g)].map(([link]) => new URL(link));
  const tokens = links.map(({ searchParams }) => searchParams.get('token'));
  return {
    to: [to ?? []].flat().flatMap(addresses),
    from: [from ?? []].flat().flatMap(addresses)[0] ?? '',
    subject,
    text,
    html: html === false ? '' : (html ?? ''),
    language: String(headers.get('content-language') ?? ''),
    links,
    token: tokens.find((token) => token !== null) ?? null,
  };
}

const addresses = ({ value }: AddressObject): string[] => value.flatMap(({ address }) => address ?? []);
