import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import type { AddressObject } from 'mailparser';
import { Config } from '../config/config.js';

/** A mail in the development mailbox. */
export interface StoredMail {
  /** The file name, which begins with the time of sending. */
  readonly name: string;
  readonly date: Date | undefined;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string | undefined;
  /** The URLs in its text, in order. */
  readonly links: readonly string[];
}

const NAME = /^[\w.-]+\.eml$/;
/** Maximum number of listed mails. */
const MOST = 100;

/** Reads the files of the development mailbox. */
@Injectable()
export class MailboxFiles {
  private readonly folder: string;

  constructor(@Inject(Config) config: Pick<Config, 'dataDir'>) {
    this.folder = join(config.dataDir, 'mail');
  }

  /** The newest mails, newest first. */
  async newest(): Promise<StoredMail[]> {
    const names = (await this.names()).sort().reverse().slice(0, MOST);
    return Promise.all(names.map((name) => this.parse(name)));
  }

  /** One mail; null when it does not exist. */
  async find(name: string): Promise<StoredMail | null> {
    return (await this.names()).includes(name) ? this.parse(name) : null;
  }

  private async names(): Promise<string[]> {
    try {
      return (await readdir(this.folder)).filter((name) => NAME.test(name));
    } catch (error) {
      // The first mail creates the folder.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    }
  }

  private async parse(name: string): Promise<StoredMail> {
    // Loaded here, since production does not need it.
    const { simpleParser } = await import('mailparser');
    const { date, to, subject = '', text = '', html } = await simpleParser(await readFile(join(this.folder, name)));
    const links = [...new Set(text.match(/https?:\/\/\S+/g))];
    return { name, date, to: addressesOf(to), subject, text, html: html || undefined, links };
  }
}

const addressesOf = (to: AddressObject | AddressObject[] | undefined): string =>
  [to ?? []]
    .flat()
    .map(({ text }) => text)
    .join(', ');
