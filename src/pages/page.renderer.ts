import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Config } from '../config/config.js';
import { productName } from '../mail/mail.context.js';
import { pageBrand, type PageBrand } from './page.assets.js';
import type { PageData, PageLink, PageName } from './page.data.js';
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
  /** URL of another site that a form of the page may redirect to; null or a path for none. */
  readonly leadsTo?: string | null;
  /** Whether its script asks the API of the service, as for passkeys. */
  readonly asksApi?: boolean;
  /** Content-Security-Policy, where it is not that of every page. */
  readonly policy?: string;
}

/** Renders views as HTML documents, with their headers. */
@Injectable()
export class PageRenderer {
  private readonly product: string;
  private readonly brand: PageBrand;
  private readonly logo: string | null;

  constructor(
    @Inject(Config) config: Pick<Config, 'mailFrom' | 'appUrl' | 'brandName' | 'brandColor' | 'brandLogoUrl'>,
    private readonly templates: PageTemplates,
  ) {
    this.product = productName(config);
    this.brand = pageBrand(config);
    this.logo = config.brandLogoUrl;
  }

  /**
   * The document of a view; sets status and headers.
   * @param locale the language that it is written in
   * @param signOutLink the page to sign out, on pages that need a session
   */
  render(
    reply: FastifyReply,
    { template, data, ...view }: View,
    locale: string,
    signOutLink: PageLink | null = null,
  ): string {
    void reply.status(view.status ?? 200).headers({
      'content-type': 'text/html; charset=utf-8',
      'content-language': locale,
      'content-security-policy': view.policy ?? policyOf(view, this.brand.policy),
      // URLs of pages contain tokens, and pages contain personal data.
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      vary: 'Accept-Language',
    });
    const { title, wide = false } = view;
    const surroundings = { title, wide, locale, product: this.product, logo: this.logo, signOutLink };
    return this.templates.render(template, data, surroundings, this.brand.style);
  }
}

/** The policy of a view. */
function policyOf({ leadsTo = null, asksApi = false }: Pick<View, 'leadsTo' | 'asksApi'>, policy: string): string {
  return leadingTo(leadsTo, asksApi ? `${policy}; connect-src 'self'` : policy);
}

/** A policy that lets a form redirect: Chromium applies `form-action` to redirects as well (CSP 3, 4.2.1). */
function leadingTo(url: string | null, policy: string): string {
  if (url === null || !URL.canParse(url)) return policy;
  return policy.replace(`form-action 'self'`, `form-action 'self' ${new URL(url).origin}`);
}
