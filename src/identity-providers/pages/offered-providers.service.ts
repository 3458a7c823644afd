import { Injectable, type OnModuleInit } from '@nestjs/common';
import { emailKey } from '../../auth/email-key.js';
import type { PageLink } from '../../pages/page.data.js';
import { PagePaths } from '../../pages/page.paths.js';
import type { View } from '../../pages/page.renderer.js';
import { SignInWays } from '../../pages/sign-in/sign-in.ways.js';
import type { PageText } from '../../pages/text/page.text.js';
import { type OfferedProvider, OfferedProvidersRepository } from './offered-providers.repository.js';
import { ssoText } from './sso.text.js';

/** The providers that are offered to sign in with: by the domain of an e-mail alone, never by whether there is an account. */
@Injectable()
export class OfferedProviders implements OnModuleInit {
  constructor(
    private readonly rows: OfferedProvidersRepository,
    private readonly ways: SignInWays,
    private readonly paths: PagePaths,
  ) {}

  onModuleInit(): void {
    this.ways.registerLinks(async ({ email, returnTo }, text) =>
      (await this.of(email)).map((provider) => this.button(provider, returnTo, text)),
    );
    this.ways.registerStep(async ({ errors: [first] }, { returnTo }, text) => {
      const slug = first?.code === 'sso_required' ? first.meta?.['provider'] : undefined;
      const provider = typeof slug === 'string' ? await this.rows.bySlug(slug) : undefined;
      return provider ? this.demand(this.button(provider, returnTo, text), text) : null;
    });
  }

  /** Those of the domain, and those for all accounts that have no domains; the latter alone without an e-mail. */
  of(email: string | null): Promise<OfferedProvider[]> {
    const key = email === null ? '' : emailKey(email);
    return this.rows.find(key.slice(key.lastIndexOf('@') + 1));
  }

  private button(
    { slug, name }: Pick<OfferedProvider, 'slug' | 'name'>,
    returnTo: string | null,
    text: PageText,
  ): PageLink {
    // A front end makes its URLs itself, since it keeps the verifier: these lead back to pages of the service.
    const own = returnTo !== null && this.paths.ownPage(returnTo) === null ? null : returnTo;
    return { href: this.paths.toAuth(`sso/${slug}`, { return_to: own }), label: ssoText(text).signInWith(name) };
  }

  /** For an e-mail with an enforced provider. */
  private demand(button: PageLink, text: PageText): View<'sign-in'> {
    const { title: heading, body } = ssoText(text).enforced;
    return {
      template: 'sign-in',
      title: heading,
      data: { heading, body, buttons: [button], forms: [], links: [] },
      status: 401,
    };
  }
}
