import { Module } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { PageRenderer } from '../pages/page.renderer.js';
import { MailboxController } from './mailbox.controller.js';
import { MailboxFiles } from './mailbox.files.js';
import { MailboxToken } from './mailbox.token.js';

/** Addresses of the development mailbox, which stand outside of API_PREFIX. */
export const MAILBOX_PATHS = ['dev/mailbox', 'dev/mailbox/:token', 'dev/mailbox/:token/:name'];

/** Shows developers the mails that were not sent. It belongs to the service only where {@link hasMailbox} says so. */
@Module({ controllers: [MailboxController], providers: [MailboxFiles, MailboxToken, PageRenderer] })
export class MailboxModule {}

/** Whether mails are kept instead of sent: outside production, without a relay. */
export const hasMailbox = ({ production, mailUrl }: Pick<Config, 'production' | 'mailUrl'>): boolean =>
  !production && mailUrl === null;
