import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Config } from '../config/config.js';
import { productName } from '../mail/mail.context.js';
import { PAGE_POLICY } from './page.assets.js';
import type { PageData, PageName } from './page.data.js';
import { PageTemplates } from './page.templates.js';

/** What a page shows. */
export interface View<Name extends PageName = PageName> {
  readonly template: Name;
  /** Title of the document, in front of the product's name. */
  readonly title: string;
  readonly data: PageData[Name];
  /** HTTP status; 200 by default. */
  readonly status?: number;
  /** True for a wider layout than that of a form. */
  readonly wide?: boolean;
  /** Content-Security-Policy, where it is not that of every page. */
  readonly policy?: string;
}

/** Renders views as HTML documents, with their headers. */
@Injectable()
export class PageRenderer {
  private readonly product: string;

  constructor(
    @Inject(Config) config: Pick<Config, 'mailFrom' | 'appUrl'>,
    private readonly templates: PageTemplates,
  ) {
    this.product = productName(config);
  }

  /** The document of a view; sets status and headers. `locale` is the language that it is written in. */
  render(reply: FastifyReply, { template, data, ...view }: View, locale: string): string {
    void reply.status(view.status ?? 200).headers({
      'content-type': 'text/html; charset=utf-8',
      'content-language': locale,
      'content-security-policy': view.policy ?? PAGE_POLICY,
      // URLs of pages contain tokens, and pages contain personal data.
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      vary: 'Accept-Language',
    });
    const { title, wide = false } = view;
    return this.templates.render(template, data, { title, wide, locale, product: this.product });
  }
}
