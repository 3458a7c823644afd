import { Injectable } from '@nestjs/common';
import { SecondFactors } from '../auth/authentication/second-factors.repository.js';
import { AuthChanges } from '../auth/sessions/auth-changes.js';
import { AccountDirectoryRepository } from '../accounts/account-directory.repository.js';
import type { Actor } from '../auth/authorization/actor.js';
import type { AuthenticationMethod } from '../auth/sessions/session.js';
import { DeviceTrust } from '../auth/sessions/device-trust.js';
import { SessionStore } from '../auth/sessions/session.store.js';
import { Audit } from '../events/audit.js';
import type { Transaction } from '../json-api/sql/sql.js';
import { FactorAttemptsRepository } from './factor-attempts.repository.js';
import { FactorsMailer } from './factors.mailer.js';
import { FactorStatesRepository } from './factor-states.repository.js';
import { AccountFactorsRepository } from './totp/account-factors.repository.js';
import { RecoveryCodesRepository } from './recovery-codes/recovery-codes.repository.js';

/** What follows a change of second factors, passkeys included: sessions and trusted devices end, an event, a mail. */
@Injectable()
export class FactorChanges {
  constructor(
    private readonly accounts: AccountDirectoryRepository,
    private readonly factors: SecondFactors,
    private readonly states: FactorStatesRepository,
    private readonly apps: AccountFactorsRepository,
    private readonly codes: RecoveryCodesRepository,
    private readonly sessions: SessionStore,
    private readonly changes: AuthChanges,
    private readonly mailer: FactorsMailer,
    private readonly attempts: FactorAttemptsRepository,
    private readonly audit: Audit,
    private readonly devices: DeviceTrust,
  ) {}

  /** Locks the account, before its factors are read and changed, so that changes of one account take turns. */
  async lock(accountId: string, tx: Transaction): Promise<void> {
    await this.accounts.lock({ id: accountId }, tx);
  }

  /**
   * After a factor was added: ends trusted devices, and for the first factor all other sessions, which started without
   * one. The session that added it has used it.
   * @param amr the methods that the session gets
   * @param name what its owner calls it, for the mail; without it none is sent
   * @param isFirst whether the account had no second factor before
   */
  async added(
    actor: Actor,
    { amr, name, isFirst }: { amr: readonly AuthenticationMethod[]; name?: string; isFirst: boolean },
    tx: Transaction,
  ): Promise<void> {
    await this.#changed(actor.id, tx);
    await this.sessions.addMethods(tx, actor.session, [...amr, 'mfa']);
    if (isFirst) {
      const ending = { reason: 'factors_changed', actorId: actor.id } as const;
      await this.sessions.endAll(tx, actor.id, ending, actor.session.sessionId);
    }
    await this.changes.publish(tx, [actor.id]);
    if (name !== undefined) await this.mailer.queueChange(tx, actor.id, 'added', name);
  }

  /** After an operator added the first factor: ends all sessions of the account. */
  async addedByOperator(accountId: string, name: string, tx: Transaction): Promise<void> {
    await this.#changed(accountId, tx);
    await this.sessions.endAll(tx, accountId, { reason: 'factors_changed', actorId: null });
    await this.changes.publish(tx, [accountId]);
    await this.mailer.queueChange(tx, accountId, 'added', name);
  }

  /**
   * After a factor was removed. With the last one, the recovery codes are removed too.
   * @param name what its owner called it, for the mail; null where none is sent
   */
  async removed(accountId: string, name: string | null, tx: Transaction): Promise<void> {
    await this.#changed(accountId, tx);
    if (!(await this.factors.isHeld(accountId, tx))) await this.codes.removeAll(accountId, tx);
    await this.changes.publish(tx, [accountId]);
    if (name !== null) await this.mailer.queueChange(tx, accountId, 'removed', name);
  }

  /**
   * Removes all second factors of an account, passkeys and recovery codes included, and ends its sessions.
   * @param actorId who does it; null for an operator
   */
  async reset(accountId: string, actorId: string | null, tx: Transaction): Promise<void> {
    await this.factors.removeAll(accountId, tx);
    await this.#changed(accountId, tx);
    await this.attempts.forget(accountId, null, tx);
    await this.sessions.endAll(tx, accountId, { reason: 'factors_removed', actorId });
    await this.changes.publish(tx, [accountId]);
    const details = actorId === null ? { by: 'operator' } : {};
    const target = { type: 'iam:accounts', id: accountId };
    await this.audit.record(tx, { action: 'iam:accounts.factors_reset', actorId, target, details });
    await this.mailer.queueChange(tx, accountId, 'reset');
  }

  /** Removes the authenticator apps and recovery codes that were added since then, maybe by someone else. */
  async removeSince(accountId: string, since: Date, tx: Transaction): Promise<void> {
    await this.apps.removeAll(accountId, since, tx);
    await this.codes.removeAll(accountId, tx, since);
    await this.#changed(accountId, tx);
    await this.changes.publish(tx, [accountId]);
  }

  /** Ends trusted devices: they were trusted by other factors. */
  async #changed(accountId: string, tx: Transaction): Promise<void> {
    await this.states.raise(accountId, tx);
    await this.devices.endAll(tx, accountId);
  }
}
