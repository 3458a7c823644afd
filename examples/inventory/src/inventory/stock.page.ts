import { fileURLToPath } from 'node:url';
import { Get, Injectable, type OnModuleInit } from '@nestjs/common';
import { HtmlPage, type PageResult, PageTemplates, PageTexts, Transactions } from 'iam';
import { ItemsRepository } from './items.repository.js';

declare module 'iam' {
  interface PageData {
    /** What is in stock. */
    stock: { heading: string; empty: string; items: readonly { sku: string; name: string; free: number }[] };
  }
}

const ENGLISH = { heading: 'In stock', empty: 'Nothing is in stock.' };
const WORDS: Readonly<Record<string, typeof ENGLISH>> = {
  de: { heading: 'Vorrätig', empty: 'Es ist nichts vorrätig.' },
};

/** A page for everyone, outside of API_PREFIX and in the layout of the service's own: `/stock`. */
@HtmlPage('stock')
export class StockPage {
  constructor(
    private readonly items: ItemsRepository,
    private readonly transactions: Transactions,
  ) {}

  @Get()
  async show(@PageTexts() { locale }: PageTexts): Promise<PageResult> {
    const { heading, empty } = WORDS[locale] ?? ENGLISH;
    const items = await this.transactions.run((tx) => this.items.stock(tx));
    return { template: 'stock', title: heading, wide: true, data: { heading, empty, items } };
  }
}

/** A page under API_PREFIX, where operators of a gateway expect all paths: `/api/v1/iam/about_stock`. */
@HtmlPage('about_stock', { prefixed: true })
export class AboutStockPage {
  @Get()
  show(): PageResult {
    const heading = 'About the inventory';
    return { template: 'done', title: heading, data: { heading, body: 'Items belong to organizations.', link: null } };
  }
}

/** Adds the templates of these pages. */
@Injectable()
export class StockTemplates implements OnModuleInit {
  constructor(private readonly templates: PageTemplates) {}

  onModuleInit(): void {
    this.templates.add(fileURLToPath(new URL('../../templates', import.meta.url)));
  }
}
