import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { MAILER_TRANSPORT_FACTORY, MailerModule } from '@nestjs-modules/mailer';
import { Config } from '../config/config.js';
import { MailLinks } from './mail.links.js';
import { MailService } from './mail.service.js';
import { MailTemplates } from './mail.templates.js';
import { LastingTransports, mailerOptions } from './mail.transport.js';
import { OutboxBacklog } from '../outbox/outbox.backlog.js';
import { OutboxHandlers, OutboxSettings } from '../outbox/outbox.handlers.js';
import { Outbox } from '../outbox/outbox.js';
import { eraseJobs } from '../outbox/outbox.repository.js';
import { OutboxWorker } from '../outbox/outbox.worker.js';
import { PersonalData } from '../personal-data/personal-data.js';

/**
 * Mail, and the outbox that sends it. Feature modules queue with `Outbox`, register with `OutboxHandlers` and add
 * templates.
 */
@Global()
@Module({
  imports: [
    MailerModule.forRootAsync({
      imports: [],
      inject: [Config],
      useFactory: mailerOptions,
      extraProviders: [{ provide: MAILER_TRANSPORT_FACTORY, useClass: LastingTransports }],
    }),
  ],
  providers: [
    MailService,
    MailTemplates,
    MailLinks,
    Outbox,
    OutboxBacklog,
    OutboxHandlers,
    OutboxSettings,
    OutboxWorker,
  ],
  exports: [MailService, MailTemplates, MailLinks, Outbox, OutboxBacklog, OutboxHandlers],
})
export class MailModule implements OnModuleInit {
  constructor(private readonly data: PersonalData) {}

  onModuleInit(): void {
    this.data.registerEraser((account, tx) => eraseJobs(tx, account));
  }
}
