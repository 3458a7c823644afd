import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Actor } from '../../auth/authorization/actor.js';
import { Transactions } from '../../json-api/sql/executor.js';
import { AccountSections } from '../../pages/account/account.sections.js';
import type { SectionData } from '../../pages/page.data.js';
import { timeIn } from '../../pages/text/page.language.js';
import type { PageText } from '../../pages/text/page.text.js';
import { IdentitiesRepository } from '../identities/identities.repository.js';
import { ssoText } from './sso.text.js';

/** The identities on the page of an account; nothing where there are none. */
@Injectable()
export class IdentitiesSection implements OnModuleInit {
  constructor(
    private readonly identities: IdentitiesRepository,
    private readonly transactions: Transactions,
    private readonly sections: AccountSections,
  ) {}

  onModuleInit(): void {
    this.sections.register((actor, text) => this.section(actor, text));
  }

  private async section(actor: Actor, text: PageText): Promise<SectionData | null> {
    const own = await this.identities.listOf(actor.id, this.transactions);
    if (own.length === 0) return null;
    const { since, lastUsed } = text.account;
    const items = own.map(({ name, email, createdAt, lastUsedAt }) => ({
      title: name,
      detail: [
        ...(email === null ? [] : [email]),
        since(timeIn(text, createdAt)),
        ...(lastUsedAt === null ? [] : [lastUsed(timeIn(text, lastUsedAt))]),
      ].join(' · '),
    }));
    return { heading: ssoText(text).identities, items, empty: '', link: null };
  }
}
