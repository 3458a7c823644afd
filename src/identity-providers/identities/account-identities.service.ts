import { Injectable } from '@nestjs/common';
import type { Actor } from '../../auth/authorization/actor.js';
import { SignInMethods } from '../../auth/authentication/sign-in-methods.repository.js';
import { AccountDirectoryRepository } from '../../accounts/account-directory.repository.js';
import { apiError } from '../../json-api/document/errors.js';
import type { Facts, Restrictions } from '../../json-api/resource/permissions.js';
import { type Deletion, ResourceService, ResourceTools } from '../../json-api/resource.service.js';
import type { AccountIdentity } from './account-identity.entity.js';
import { AccountIdentitiesRepository } from './account-identities.repository.js';
import { IdentityMailer } from './identity.mailer.js';

/** The identities of accounts. Removing one mails the owner; the last sign-in method cannot be removed. */
@Injectable()
export class AccountIdentitiesService extends ResourceService<AccountIdentity, Actor, Record<string, never>> {
  constructor(
    rows: AccountIdentitiesRepository,
    tools: ResourceTools,
    private readonly directory: AccountDirectoryRepository,
    private readonly signInMethods: SignInMethods,
    private readonly mailer: IdentityMailer,
  ) {
    super(rows, tools);
  }

  protected override restrict(actor: Actor, { accountId }: AccountIdentity, { ownsAll }: Facts): Restrictions {
    if (accountId === actor.id || ownsAll === true) return {};
    return { delete: 'The account also belongs to organizations that are not yours' };
  }

  /** Of an account's sign-in methods, two are not removed at the same time. */
  protected override async beforeDelete({ row, tx }: Deletion<Actor, AccountIdentity>): Promise<void> {
    await this.directory.lock({ id: row.accountId }, tx);
  }

  protected override async afterDelete({ row, tx }: Deletion<Actor, AccountIdentity>): Promise<void> {
    if ((await this.signInMethods.ofAccount(row.accountId, tx)).length === 0) {
      throw apiError(
        'conflict',
        'It is the last way to sign in to the account: set a password or add another way first',
      );
    }
    await this.mailer.queueUnlinked(tx, row.accountId, row.providerId);
  }
}
