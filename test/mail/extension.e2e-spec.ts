import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, HttpCode, Injectable, Module, Post, type OnModuleInit } from '@nestjs/common';
import { Public } from '../../src/auth/authorization/actor.js';
import { type Transaction, Transactions } from '../../src/json-api/sql/sql.js';
import { MailService } from '../../src/mail/mail.service.js';
import { MailTemplates } from '../../src/mail/mail.templates.js';
import { OutboxHandlers } from '../../src/outbox/outbox.handlers.js';
import { Outbox } from '../../src/outbox/outbox.js';
import { mailsTo } from '../accounts/mails.js';
import { startApp, type TestApp } from '../support/app.js';
import { send } from '../support/client.js';

declare module '../../src/mail/mail.data.js' {
  interface MailData {
    'parcel-arrived': { shelf: number };
  }
}
declare module '../../src/outbox/outbox.tasks.js' {
  interface OutboxTasks {
    'parcels.arrived': { email: string; shelf: number };
  }
}

let folder: string;

/** All that a team writes to send a mail of its own. */
@Injectable()
class ParcelMailer implements OnModuleInit {
  constructor(
    private readonly outbox: Outbox,
    private readonly handlers: OutboxHandlers,
    private readonly templates: MailTemplates,
    private readonly mail: MailService,
  ) {}

  onModuleInit(): void {
    this.templates.add(folder, { 'parcel-arrived': { shelf: 3 } });
    this.handlers.register('parcels.arrived', ({ email, shelf }, { id }) =>
      this.mail.send({
        template: 'parcel-arrived',
        to: { name: 'Jane', email },
        data: { shelf },
        identity: ['parcels.arrived', id],
      }),
    );
  }

  queue(tx: Transaction, email: string, shelf: number): Promise<void> {
    return this.outbox.enqueue(tx, 'parcels.arrived', { email, shelf });
  }
}

@Controller('parcels')
class ParcelsController {
  constructor(
    private readonly mailer: ParcelMailer,
    private readonly transactions: Transactions,
  ) {}

  @Post()
  @Public()
  @HttpCode(204)
  arrive(): Promise<void> {
    return this.transactions.run((tx) => this.mailer.queue(tx, 'jane@example.com', 7));
  }
}

@Module({ controllers: [ParcelsController], providers: [ParcelMailer] })
class ParcelsModule {}

describe('A module of a team', () => {
  let app: TestApp;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'iam-parcels-'));
    for (const [locale, subject] of [
      ['en', 'A parcel on shelf {{shelf}}'],
      ['de', 'Ein Paket in Fach {{shelf}}'],
    ] as const) {
      await mkdir(join(folder, locale, 'parcel-arrived'), { recursive: true });
      const write = (part: string, text: string) =>
        writeFile(join(folder, locale, 'parcel-arrived', `${part}.hbs`), text);
      await write('subject', subject);
      await write('html', '{{#> layout title=product preheader=""}}<p>{{name}}: {{shelf}}</p>{{/layout}}');
      await write('text', '{{#> layout title=product}}\n{{name}}: {{shelf}}\n{{/layout}}');
    }
    app = await startApp({ extension: { modules: [ParcelsModule] } });
  });
  afterAll(async () => {
    await app.stop();
    await rm(folder, { recursive: true });
  });

  it('sends a mail of its own through the outbox, in the language of the request', async () => {
    await send(app, 'POST', '/parcels', { headers: { 'accept-language': 'de' } });
    const [first] = await mailsTo(app, 'jane@example.com');
    await send(app, 'POST', '/parcels', { headers: { 'accept-language': 'en' } });
    const [, second] = await mailsTo(app, 'jane@example.com', 2);
    expect([first?.parsed.subject, second?.parsed.subject]).toEqual(['Ein Paket in Fach 7', 'A parcel on shelf 7']);
    expect(first?.parsed.text).toContain('Jane: 7');
    expect(first?.parsed.text).toContain('Diese Nachricht wurde von Iam automatisch');
  });

  it('fails to start with an invalid template', async () => {
    const broken = await mkdtemp(join(tmpdir(), 'iam-broken-'));
    await mkdir(join(broken, 'en', 'invitation'), { recursive: true });
    await writeFile(join(broken, 'en', 'invitation', 'html.hbs'), '{{nmae}}');
    const started = startApp({ beside: app, env: { MAIL_TEMPLATES: broken } });
    await expect(started).rejects.toThrow(`${join(broken, 'en/invitation/html.hbs')}: "nmae" not defined`);
    await rm(broken, { recursive: true });
  });
});
