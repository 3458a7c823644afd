import { Injectable } from '@nestjs/common';
import type { Actor } from '../../auth/authorization/actor.js';
import type { PageLink, SectionData } from '../page.data.js';
import type { PageText } from '../text/page.text.js';

/** A part of the page of an account, such as its passkeys; null where there is nothing to show to this actor. */
export type AccountSection = (actor: Actor, text: PageText) => Promise<SectionData | null>;

/** A page of a module on which an account gets a second factor; null where this actor cannot. */
export type FactorPage = (actor: Actor, text: PageText) => PageLink | null;

/** The parts of `/account` that modules add. A module registers its own in `onModuleInit`. */
@Injectable()
export class AccountSections {
  private readonly sections: AccountSection[] = [];
  private readonly factorPages: FactorPage[] = [];

  /** Adds a part below those that were registered before. */
  register(section: AccountSection): void {
    this.sections.push(section);
  }

  /** Adds a page on which an account gets a second factor, besides that of authenticator apps. */
  registerFactorPage(page: FactorPage): void {
    this.factorPages.push(page);
  }

  /** The pages on which an actor gets a second factor, besides that of authenticator apps. */
  factorPagesOf(actor: Actor, text: PageText): PageLink[] {
    return this.factorPages.flatMap((page) => page(actor, text) ?? []);
  }

  /** The parts for an actor, one after the other: a page must not take most connections of the pool at once. */
  async of(actor: Actor, text: PageText): Promise<SectionData[]> {
    const sections: SectionData[] = [];
    for (const section of this.sections) {
      const data = await section(actor, text);
      if (data !== null) sections.push(data);
    }
    return sections;
  }
}
