import { Inject, Injectable, Logger } from '@nestjs/common';
import { MailerService } from '@nestjs-modules/mailer';
import { createHash } from 'node:crypto';
import { DEFAULT_COLOR, DEFAULT_COLOR_ON_DARK, lightened } from '../config/brand-color.js';
import { Config } from '../config/config.js';
import { currentLanguages } from '../language/accept-language.js';
import { mailbox, type MailRecipient, parseMailbox, type Mailbox } from './mail.address.js';
import type { MailData, MailTemplate, MailSurroundings } from './mail.data.js';
import { MailLinks } from './mail.links.js';
import { MailTemplates } from './mail.templates.js';
import { readerName } from './mail.text.js';
import { productName } from './mail.context.js';

/** A mail to one person. */
export interface Mail<Template extends MailTemplate> {
  readonly template: Template;
  readonly to: MailRecipient;
  readonly data: MailData[Template];
  /**
   * Identifies the mail, with the same values when it is sent again, such as the template and the hash of its token.
   * The Message-ID is derived from it, so that relays and mail clients recognize duplicates.
   */
  readonly identity: readonly string[];
}

/** Headers of automatic mails: vacation responders do not reply (RFC 3834). */
const AUTOMATIC = { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' };

/** Renders mails and passes them to the transport. Called by the handlers of outbox jobs, not by requests. */
@Injectable()
export class MailService {
  private readonly logger = new Logger('Mail');
  private readonly from: Mailbox;
  private readonly product: string;

  constructor(
    @Inject(Config)
    private readonly config: Pick<
      Config,
      'mailFrom' | 'mailUrl' | 'appUrl' | 'brandName' | 'brandLogoUrl' | 'brandColor'
    >,
    private readonly mailer: MailerService,
    private readonly templates: MailTemplates,
    private readonly links: MailLinks,
  ) {
    this.from = parseMailbox(config.mailFrom);
    this.product = productName(config);
  }

  /** How the product calls itself, and how it looks. */
  private brand(): Pick<MailSurroundings, 'product' | 'logo' | 'color' | 'colorOnDark'> {
    const { brandLogoUrl: logo, brandColor: color } = this.config;
    return {
      product: this.product,
      logo: logo === null ? null : this.links.image(logo),
      color: color ?? DEFAULT_COLOR,
      colorOnDark: color === null ? DEFAULT_COLOR_ON_DARK : lightened(color),
    };
  }

  /**
   * Sends one mail and resolves when the relay has accepted it.
   * @throws the error of the relay or the network; sending again is safe.
   */
  async send<Template extends MailTemplate>(mail: Mail<Template>): Promise<void> {
    const name = readerName(mail.to.name);
    const surroundings = { ...this.brand(), name, forgotPasswordLink: this.links.forgotPassword() };
    const { template, data } = mail;
    const languages = [mail.to.locale, currentLanguages()].filter(Boolean).join(', ');
    const { locale, subject, html, text } = this.templates.render(template, data, surroundings, languages);
    await this.mailer.sendMail({
      from: this.from,
      to: mailbox(name, mail.to.email),
      subject,
      html,
      text,
      messageId: this.messageId(mail.identity),
      headers: { ...AUTOMATIC, 'Content-Language': locale },
    });
    if (this.config.mailUrl === null) this.logForDevelopers(mail, subject);
  }

  /** For the development mailbox: logs the link that a developer wants to open. */
  private logForDevelopers<Template extends MailTemplate>(mail: Mail<Template>, subject: string): void {
    const link = 'link' in mail.data ? ` ${mail.data.link.href}` : '';
    this.logger.log(`To ${mail.to.email}: ${subject}${link}`);
  }

  private messageId(identity: readonly string[]): string {
    const digest = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 40);
    return `<${digest}@${this.from.address.slice(this.from.address.lastIndexOf('@') + 1)}>`;
  }
}
