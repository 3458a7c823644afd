import { Injectable } from '@nestjs/common';
import type { Actor } from '../../auth/authorization/actor.js';
import type { SectionData } from '../page.data.js';
import type { PageText } from '../text/page.text.js';

/** A part of the page of an account, such as its passkeys; null where there is nothing to show to this actor. */
export type AccountSection = (actor: Actor, text: PageText) => Promise<SectionData | null>;

/** The parts of `/account` that modules add. A module registers its own in `onModuleInit`. */
@Injectable()
export class AccountSections {
  private readonly sections: AccountSection[] = [];

  /** Adds a part below those that were registered before. */
  register(section: AccountSection): void {
    this.sections.push(section);
  }

  /** The parts for an actor. */
  async of(actor: Actor, text: PageText): Promise<SectionData[]> {
    const sections = await Promise.all(this.sections.map((section) => section(actor, text)));
    return sections.filter((section) => section !== null);
  }
}
