import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Config } from '../config/config.js';
import { productName } from '../mail/mail.context.js';
import { markup, type Html } from './markup.js';
import { PAGE_POLICY, SCRIPT_ELEMENT, STYLE_ELEMENT } from './page.assets.js';

/** What a page shows. */
export interface View {
  /** Title of the document, in front of the product's name. */
  readonly title: string;
  /** The content of `main`. */
  readonly body: Html;
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

  constructor(@Inject(Config) config: Pick<Config, 'mailFrom' | 'appUrl'>) {
    this.product = productName(config);
  }

  /** The document of a view; sets status and headers. `locale` is the language that it is written in. */
  render(reply: FastifyReply, view: View, locale: string): string {
    void reply.status(view.status ?? 200).headers({
      'content-type': 'text/html; charset=utf-8',
      'content-language': locale,
      'content-security-policy': view.policy ?? PAGE_POLICY,
      // URLs of pages contain tokens, and pages contain personal data.
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      vary: 'Accept-Language',
    });
    return markup`<!doctype html>
<html lang="${locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${view.title} – ${this.product}</title>
<link rel="icon" href="data:,">
${STYLE_ELEMENT}
</head>
<body class="${view.wide ? 'wide' : 'narrow'}">
<p class="product">${this.product}</p>
<main>
${view.body}
</main>
${SCRIPT_ELEMENT}
</body>
</html>
`.text;
  }
}
