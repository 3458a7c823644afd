import { Injectable } from '@nestjs/common';
import type { Actor } from '../../auth/authorization/actor.js';
import { Reauthentication } from '../../auth/authentication/fresh-sign-in.js';
import { AccountDirectoryRepository } from '../../accounts/account-directory.repository.js';
import { apiError } from '../../json-api/document/errors.js';
import type { Facts, Restrictions } from '../../json-api/resource/permissions.js';
import { type Deletion, ResourceService, ResourceTools } from '../../json-api/resource.service.js';
import type { Transaction } from '../../json-api/sql/executor.js';
import type { AccountIdentity } from './account-identity.entity.js';
import { AccountIdentitiesRepository } from './account-identities.repository.js';
import { IdentitiesRepository } from './identities.repository.js';
import { IdentityMailer } from './identity.mailer.js';

/** The identities of accounts. Each that is removed is mailed about to the owner; the last way in stays. */
@Injectable()
export class AccountIdentitiesService extends ResourceService<AccountIdentity, Actor, Record<string, never>> {
  constructor(
    rows: AccountIdentitiesRepository,
    tools: ResourceTools,
    private readonly identities: IdentitiesRepository,
    private readonly directory: AccountDirectoryRepository,
    private readonly reauthentication: Reauthentication,
    private readonly mailer: IdentityMailer,
  ) {
    super(rows, tools);
  }

  protected override restrict(actor: Actor, { accountId }: AccountIdentity, { ownsAll }: Facts): Restrictions {
    if (accountId === actor.id || ownsAll === true) return {};
    return { delete: 'The account also belongs to organizations that are not yours' };
  }

  protected override async beforeDelete({ row, tx }: Deletion<Actor, AccountIdentity>): Promise<void> {
    // Two at once take turns, so that they do not remove the last two ways.
    await this.directory.lock({ id: row.accountId }, tx);
    if (await this.isLastWay(row, tx)) {
      throw apiError(
        'conflict',
        'It is the last way to sign in to the account: set a password or add another way first',
      );
    }
    await this.mailer.queueUnlinked(tx, row.accountId, row.providerId);
  }

  private async isLastWay({ id, accountId }: AccountIdentity, tx: Transaction): Promise<boolean> {
    if ((await this.identities.countOthers(accountId, id, tx)) > 0) return false;
    const methods = await this.reauthentication.methodsOf({ id: accountId });
    return !methods.some((method) => method === 'password' || method === 'passkey');
  }
}
