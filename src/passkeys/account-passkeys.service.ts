import { Injectable } from '@nestjs/common';
import { SecondFactors } from '../auth/authentication/second-factors.repository.js';
import { SignInMethods } from '../auth/authentication/sign-in-methods.repository.js';
import type { Actor } from '../auth/authorization/actor.js';
import type { RevertedChange } from '../accounts/email/email-reverts.js';
import { Audit } from '../events/audit.js';
import { apiError } from '../json-api/document/errors.js';
import type { UpdateAttributes } from '../json-api/resource/resource.js';
import { type Deletion, type Intent, ResourceService, ResourceTools } from '../json-api/resource.service.js';
import type { Transaction } from '../json-api/sql/sql.js';
import { FactorChanges } from '../second-factors/factor-changes.service.js';
import type { AccountPasskey } from './account-passkey.entity.js';
import type { AccountPasskeyResource } from './account-passkey.resource.js';
import { AccountPasskeysRepository } from './account-passkeys.repository.js';
import { PasskeyMailer } from './passkey.mailer.js';

/** The attributes of a passkey that can be changed. */
export type PasskeyValues = UpdateAttributes<AccountPasskey, typeof AccountPasskeyResource.rules>;

/** The passkeys of the actor's own account: read, renamed and removed. */
@Injectable()
export class AccountPasskeysService extends ResourceService<AccountPasskey, Actor, PasskeyValues> {
  constructor(
    private readonly passkeys: AccountPasskeysRepository,
    tools: ResourceTools,
    private readonly signInMethods: SignInMethods,
    private readonly factors: SecondFactors,
    private readonly changes: FactorChanges,
    private readonly mailer: PasskeyMailer,
    private readonly audit: Audit,
  ) {
    super(passkeys, tools);
  }

  /** Removes the passkeys that someone else may have added. The mail about the e-mail change informs the owner. */
  async removeSince({ accountId, since }: RevertedChange, tx: Transaction): Promise<void> {
    for (const id of await this.passkeys.removeSince(accountId, since, tx)) {
      const target = { type: this.passkeys.resource.type, id };
      await this.audit.record(tx, { action: 'iam:account_passkeys.deleted', actorId: accountId, target });
      await this.changes.removed(accountId, null, tx);
    }
  }

  /** Locks the account, so that concurrent requests do not remove its last two sign-in methods. */
  protected override async prepare(actor: Actor, _id: string, intent: Intent, tx: Transaction): Promise<void> {
    if (intent.verb === 'delete') await this.passkeys.lockOwner(actor.id, tx);
  }

  protected override async afterDelete({
    row: { accountId, name },
    tx,
  }: Deletion<Actor, AccountPasskey>): Promise<void> {
    if ((await this.signInMethods.ofAccount(accountId, tx)).length === 0) {
      throw apiError(
        'conflict',
        'It is the only way to sign in to the account; set a password or add another one first',
      );
    }
    if (await this.factors.isMissing(accountId, tx)) {
      throw apiError('conflict', 'Your role or organization requires a second factor; add another one first');
    }
    await this.changes.removed(accountId, null, tx);
    await this.mailer.queue(tx, 'removed', { accountId, passkey: name });
  }
}
