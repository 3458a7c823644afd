import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Actor } from '../../auth/authorization/actor.js';
import { Transactions } from '../../json-api/sql/sql.js';
import { AccountSections } from '../../pages/account/account.sections.js';
import type { ItemData, PageLink, SectionData } from '../../pages/page.data.js';
import { PagePaths } from '../../pages/page.paths.js';
import type { View } from '../../pages/page.renderer.js';
import { noticeIn } from '../../pages/page.views.js';
import { SignInWays } from '../../pages/sign-in/sign-in.ways.js';
import { timeIn } from '../../pages/text/page.language.js';
import type { PageText } from '../../pages/text/page.text.js';
import { IdentitiesRepository, type ListedIdentity } from '../identities/identities.repository.js';
import { IdentitySessions } from '../identities/identity-sessions.service.js';
import { OfferedProvidersRepository } from './offered-providers.repository.js';
import { ssoText } from './sso.text.js';

/** The page of the own identity providers. */
export const IDENTITIES_PAGE = 'account/identity-providers';

/** What `/account`, its page of identity providers and `/account/confirm` show of identities. */
@Injectable()
export class IdentitiesSection implements OnModuleInit {
  constructor(
    private readonly identities: IdentitiesRepository,
    private readonly sessions: IdentitySessions,
    private readonly providers: OfferedProvidersRepository,
    private readonly transactions: Transactions,
    private readonly sections: AccountSections,
    private readonly ways: SignInWays,
    private readonly paths: PagePaths,
  ) {}

  onModuleInit(): void {
    this.sections.register((actor, text) => this.section(actor, text));
    this.ways.registerConfirmationLinks(async ({ id }, returnTo, text) =>
      (await this.sessions.ableToConfirm(id)).map(({ slug, name }) => ({
        href: this.paths.toAuth(`sso/${slug}`, { reauthenticate: 'true', return_to: returnTo }),
        label: ssoText(text).own.confirm(name),
      })),
    );
  }

  /** The page. @param problem what went wrong */
  async page(actor: Actor, text: PageText, sent: unknown, problem: string | null = null): Promise<View<'identities'>> {
    const { identities: heading, own } = ssoText(text);
    const linked = await this.identities.listOf(actor.id, this.transactions);
    return {
      template: 'identities',
      title: problem === null ? heading : `${text.error}: ${heading}`,
      data: {
        heading,
        body: own.intro,
        notice: problem === null ? noticeIn(sent, own.notices) : null,
        problem,
        items: linked.map((identity) => ({ id: identity.id, ...itemOf(identity, text) })),
        empty: own.none,
        action: this.paths.to(IDENTITIES_PAGE),
        unlink: actor.scopes('iam:account_identities', 'delete').size > 0 ? own.unlink : null,
        buttons: await this.linkable(actor, text),
        back: { href: this.paths.to('account'), label: text.account.title },
      },
      status: problem === null ? 200 : 422,
    };
  }

  /** The part of the page of the account; null where there is nothing to link or unlink. */
  private async section(actor: Actor, text: PageText): Promise<SectionData | null> {
    if (actor.scopes('iam:account_identities', 'read').size === 0) return null;
    const [own, others] = await Promise.all([
      this.identities.listOf(actor.id, this.transactions),
      this.linkable(actor, text),
    ]);
    if (own.length === 0 && others.length === 0) return null;
    const { identities: heading, own: words } = ssoText(text);
    const link = { href: this.paths.to(IDENTITIES_PAGE), label: words.manage };
    return { heading, items: own.map((identity) => itemOf(identity, text)), empty: words.none, link };
  }

  private async linkable({ id, organizationIds }: Actor, text: PageText): Promise<PageLink[]> {
    const providers = await this.providers.linkable(id, organizationIds);
    return providers.map(({ slug, name }) => ({
      href: this.paths.to(`${IDENTITIES_PAGE}/${slug}`),
      label: ssoText(text).own.link(name),
    }));
  }
}

function itemOf({ name, email, createdAt, lastUsedAt }: ListedIdentity, text: PageText): ItemData {
  const { since, lastUsed } = text.account;
  const detail = [
    ...(email === null ? [] : [email]),
    since(timeIn(text, createdAt)),
    ...(lastUsedAt === null ? [] : [lastUsed(timeIn(text, lastUsedAt))]),
  ];
  return { title: name, detail: detail.join(' · ') };
}
