import { fileURLToPath } from 'node:url';
import { Module, type OnModuleInit } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { PageTemplates } from '../pages/page.templates.js';
import { MailboxController } from './mailbox.controller.js';
import { MailboxFiles } from './mailbox.files.js';
import { MailboxToken } from './mailbox.guard.js';

/** The development mailbox. Imported only if {@link hasMailbox}. */
@Module({ controllers: [MailboxController], providers: [MailboxFiles, MailboxToken] })
export class MailboxModule implements OnModuleInit {
  constructor(private readonly templates: PageTemplates) {}

  onModuleInit(): void {
    this.templates.add(fileURLToPath(new URL('./templates', import.meta.url)));
  }
}

/** Whether mails are stored instead of sent: outside production, without a relay. */
export const hasMailbox = ({ production, mailUrl }: Pick<Config, 'production' | 'mailUrl'>): boolean =>
  !production && mailUrl === null;
