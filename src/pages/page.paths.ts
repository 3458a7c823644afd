import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type {} from '../auth/authentication/authentication.js';
import { ReturnUrls } from '../auth/return-urls.js';
import { Config } from '../config/config.js';
import type { PageLink } from './page.data.js';
import type { PageText } from './text/page.text.js';

/** Resolves paths without a host of their own (RFC 6761, 6.4). */
const NO_HOST = 'http://host.invalid';

/** The paths of pages as browsers see them, and where a sign-in leads. */
@Injectable()
export class PagePaths {
  private readonly account: string;

  constructor(
    @Inject(Config) private readonly config: Pick<Config, 'publicPath' | 'apiPrefix'>,
    private readonly returnUrls: ReturnUrls,
  ) {
    this.account = this.to('account');
  }

  /** The path of a page, such as `/iam/account?notice=email`; parameters that are null are left out. */
  to(page: string, query: Readonly<Record<string, string | null>> = {}): string {
    const sent = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== null);
    const search = sent.length > 0 ? `?${new URLSearchParams(sent).toString()}` : '';
    return `${this.config.publicPath}/${page}${search}`;
  }

  /** The page to sign out, for every page of a request that has a session; null for one that has none. */
  signOutLink({ authentication }: Pick<FastifyRequest, 'authentication'>, { signOut }: PageText): PageLink | null {
    return authentication ? { href: this.to('sign-out'), label: signOut.submit } : null;
  }

  /** The path of the page to add a second factor, for an account that must have one. @param returnTo where it leads then */
  enrolment(returnTo: string | null): string {
    return this.to('account/second-factors', { return_to: returnTo });
  }

  /** The path of a page that browsers send the refresh cookie to. */
  toAuth(page: string, query: Readonly<Record<string, string | null>> = {}): string {
    return this.to(`${this.config.apiPrefix}/auth/${page}`.slice(1), query);
  }

  /**
   * Where a `return_to` leads: to `/account` and its pages, to `APP_URL`, or to one of `RETURN_URLS`.
   * @returns a path or a URL to redirect to; null when it is not allowed
   */
  destination(returnTo: string): string | null {
    return this.ownPage(returnTo) ?? this.returnUrls.resolve(returnTo)?.href ?? null;
  }

  /** As `destination`, for what a request sent; null where it sent none, too. */
  sentDestination(returnTo: unknown): string | null {
    return typeof returnTo === 'string' && returnTo !== '' ? this.destination(returnTo) : null;
  }

  /** The path of the account's page that a `return_to` names; null when it names none. */
  ownPage(returnTo: string): string | null {
    if (!URL.canParse(returnTo, NO_HOST)) return null;
    const { origin, pathname, search } = new URL(returnTo, NO_HOST);
    const isOwn = origin === NO_HOST && (pathname === this.account || pathname.startsWith(`${this.account}/`));
    return isOwn ? pathname + search : null;
  }
}
