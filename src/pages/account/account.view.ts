import { Injectable } from '@nestjs/common';
import { Reauthentication } from '../../auth/authentication/fresh-sign-in.js';
import type { Actor } from '../../auth/authorization/actor.js';
import { AuditEventsRepository, type AuditEntry } from '../../events/audit-events.repository.js';
import { Transactions } from '../../json-api/sql/sql.js';
import { deviceName } from '../../sign-in/device-name.js';
import { UpstreamSignOut } from '../../sign-in/upstream-sign-out.js';
import type { FactData, PageData, PageLink } from '../page.data.js';
import { PagePaths } from '../page.paths.js';
import type { View } from '../page.renderer.js';
import { noticeIn } from '../page.views.js';
import { languageName, timeIn } from '../text/page.language.js';
import type { PageText } from '../text/page.text.js';
import { AccountSections } from './account.sections.js';
import { OwnSessionsService } from './own-sessions.service.js';

/** Maximum number of audit events on the page. */
const MAX_EVENTS = 20;

/** The page of an account: an overview with a link or a button for each change. */
@Injectable()
export class AccountView {
  constructor(
    private readonly paths: PagePaths,
    private readonly sections: AccountSections,
    private readonly sessions: OwnSessionsService,
    private readonly events: AuditEventsRepository,
    private readonly transactions: Transactions,
    private readonly reauthentication: Reauthentication,
    private readonly upstream: UpstreamSignOut,
  ) {}

  async view(actor: Actor, text: PageText, notice: unknown): Promise<View<'account'>> {
    const { account } = text;
    const [facts, sections, sessions, entries, origin] = await Promise.all([
      this.facts(actor, text),
      this.sections.of(actor, text),
      this.sessionsOf(actor, text),
      this.events.latestAbout(this.transactions, actor.id, MAX_EVENTS),
      this.upstream.of(actor.session),
    ]);
    return {
      template: 'account',
      title: account.title,
      data: {
        heading: account.title,
        notice: noticeIn(notice, account.notices),
        facts,
        sections,
        sessions,
        trail: { heading: account.trail, items: entries.map((entry) => eventItem(entry, actor, text)) },
        // The page asks where to sign out.
        signOut: { action: this.paths.to('sign-out'), label: text.signOut.submit, method: origin ? 'get' : 'post' },
      },
    };
  }

  private async facts(actor: Actor, text: PageText): Promise<FactData[]> {
    const { account } = text;
    const change = (page: string): PageLink => ({ href: this.paths.to(page), label: account.change });
    const profile = mayUpdateOwn(actor) ? change('account/profile') : null;
    const hasPassword = (await this.reauthentication.methodsOf(actor)).includes('password');
    return [
      { label: text.name, value: actor.name, link: profile },
      {
        label: account.language,
        value: actor.locale ? languageName(actor.locale) : account.anyLanguage,
        link: profile,
      },
      { label: text.email, value: actor.email, link: change('account/change-email') },
      hasPassword
        ? { label: text.password, value: account.passwordSet, link: change('account/change-password') }
        : { label: text.password, value: account.noPassword, link: this.setPassword(text) },
    ];
  }

  private setPassword(text: PageText): PageLink {
    return { href: this.paths.to('forgot-password'), label: text.reset.submit };
  }

  private async sessionsOf(actor: Actor, text: PageText): Promise<PageData['account']['sessions']> {
    if (actor.scopes('iam:account_sessions', 'read').size === 0) return null;
    const { account } = text;
    const mayEnd = actor.scopes('iam:account_sessions', 'delete').size > 0;
    const { sessions, count } = await this.sessions.latest(actor);
    const items = sessions.map(({ id, userAgent, ip, createdAt, updatedAt, current }) => ({
      title: deviceName(userAgent) || account.unknownDevice,
      badge: current ? account.thisDevice : null,
      detail: [ip, account.since(timeIn(text, createdAt)), account.lastUsed(timeIn(text, updatedAt))].join(' · '),
      end: mayEnd && !current ? { action: this.paths.to(`account/sessions/${id}/end`), label: account.end } : null,
    }));
    const others = { action: this.paths.to('account/sessions/end-others'), label: account.endOthers };
    const more = count - items.length;
    return {
      heading: account.sessions,
      items,
      more: more > 0 ? account.more(more) : null,
      others: count > 1 ? others : null,
    };
  }
}

/** Whether the rights of an actor cover changes of the own account. */
const mayUpdateOwn = (actor: Actor): boolean => actor.scopes('iam:accounts', 'update').size > 0;

/** An audit event in words. The address is shown where no other account was at it. */
function eventItem({ action, actorId, targetType, targetId, ip, createdAt }: AuditEntry, actor: Actor, text: PageText) {
  const { account } = text;
  const isByOther = actorId !== null && actorId !== actor.id;
  const isOfOther = targetType === 'iam:accounts' && targetId !== actor.id;
  const detail = [
    timeIn(text, createdAt),
    isByOther ? account.byOther : (ip ?? []),
    isOfOther ? account.ofOther : [],
  ].flat();
  return { title: account.actions[action] ?? account.otherAction(action), detail: detail.join(' · ') };
}
