import { Injectable, type OnModuleInit } from '@nestjs/common';
import { emailKey } from '../../auth/email-key.js';
import { PagePaths } from '../../pages/page.paths.js';
import { SignInWays } from '../../pages/sign-in/sign-in.ways.js';
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
    this.ways.registerLinks(async ({ email, returnTo }, text) => {
      // A front end begins its round trips itself, since it keeps the verifier: from here they lead to pages of the service.
      const own = returnTo !== null && this.paths.ownPage(returnTo) === null ? null : returnTo;
      return (await this.of(email)).map(({ slug, name }) => ({
        href: this.paths.toAuth(`sso/${slug}`, { return_to: own }),
        label: ssoText(text).signInWith(name),
      }));
    });
  }

  /** Those of the domain, and those for all accounts that have no domains; the latter alone without an e-mail. */
  of(email: string | null): Promise<OfferedProvider[]> {
    const key = email === null ? '' : emailKey(email);
    return this.rows.find(key.slice(key.lastIndexOf('@') + 1));
  }
}
