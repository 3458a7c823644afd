import { Inject, Injectable, Optional } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AccountDirectoryRepository } from '../../accounts/account-directory.repository.js';
import type { Actor } from '../../auth/authorization/actor.js';
import { Config } from '../../config/config.js';
import { publicUrl } from '../../config/own-url.js';
import { apiError } from '../../json-api/document/errors.js';
import { Transactions } from '../../json-api/sql/sql.js';
import { OneTimeTokensRepository } from '../../one-time-tokens/one-time-tokens.repository.js';
import { ProviderSettingsRepository } from '../discovery/provider-settings.repository.js';

/** Makes the URLs by which accounts link identities. */
@Injectable()
export class LinkStarts {
  constructor(
    private readonly settings: ProviderSettingsRepository,
    private readonly directory: AccountDirectoryRepository,
    private readonly tokens: OneTimeTokensRepository,
    private readonly transactions: Transactions,
    @Inject(Config)
    private readonly config: Pick<Config, 'appUrl' | 'host' | 'port' | 'publicPath' | 'publicUrl' | 'apiPrefix'>,
    @Optional() private readonly http?: HttpAdapterHost,
  ) {}

  /**
   * The URL that the account's browser opens; valid once.
   * @throws ApiError 404 for a provider of an organization that the account does not have
   */
  async start(
    actor: Actor,
    slug: string,
    { returnTo, challenge }: { readonly returnTo: string | null; readonly challenge: string | null },
  ): Promise<URL> {
    const provider = await this.settings.bySlug(slug);
    const isOwn =
      provider && (provider.organizationId === null || actor.organizationIds.includes(provider.organizationId));
    if (!isOwn) throw apiError('not_found', 'There is no such identity provider');
    const link = await this.transactions.run(async (tx) => {
      await this.directory.lock({ id: actor.id }, tx);
      const data = { providerId: provider.id };
      return this.tokens.issue({ purpose: 'sso_link', data, accountId: actor.id }, tx);
    });
    const url = new URL(`${publicUrl(this.config, this.http)}${this.config.apiPrefix}/auth/sso/${slug}`);
    url.searchParams.set('link', link ?? '');
    if (returnTo !== null) url.searchParams.set('return_to', returnTo);
    if (challenge !== null) url.searchParams.set('code_challenge', challenge);
    return url;
  }
}
