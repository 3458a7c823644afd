import { Inject, Injectable } from '@nestjs/common';
import { AccountDirectoryRepository, type AccountName } from '../../accounts/account-directory.repository.js';
import { SecondFactors } from '../../auth/authentication/second-factors.repository.js';
import { SecretBox } from '../../auth/tokens/secrets.js';
import { Config } from '../../config/config.js';
import { Audit } from '../../events/audit.js';
import { type Transaction, Transactions } from '../../json-api/sql/sql.js';
import { productName } from '../../mail/mail.context.js';
import { FactorChanges } from '../factor-changes.service.js';
import { AccountFactorsRepository, FACTOR_SECRET } from './account-factors.repository.js';
import { newTotpKey, stepOf, type TotpKey } from './totp.js';

/** An app to add. */
export interface AppToAdd {
  /** The name that its owner gave it. */
  readonly name: string;
  /** Its key, in base32. */
  readonly secret: string;
}

/** Adds the first second factor of an account for an operator: without an actor and a fresh sign-in. */
@Injectable()
export class OperatorFactors {
  private readonly issuer: string;

  constructor(
    private readonly directory: AccountDirectoryRepository,
    private readonly registry: SecondFactors,
    private readonly factors: AccountFactorsRepository,
    private readonly changes: FactorChanges,
    private readonly secrets: SecretBox,
    private readonly transactions: Transactions,
    private readonly audit: Audit,
    @Inject(Config) config: Pick<Config, 'brandName' | 'mailFrom' | 'appUrl'>,
  ) {
    this.issuer = productName(config);
  }

  /**
   * A key for an account, of which nothing is stored before {@link add}; null where there is no such person.
   * @throws Error with a sentence when the account has a second factor
   */
  newKey(account: AccountName): Promise<TotpKey | null> {
    return this.transactions.run(async (tx) => {
      const owner = await this.ownerOf(account, tx);
      return owner && newTotpKey(this.issuer, owner.email);
    });
  }

  /**
   * Adds an app by a code that it computed. All sessions of the account end, since they began without.
   * @returns whether the code is right
   * @throws Error with a sentence when the account is gone, or has a second factor by now
   */
  async add(account: AccountName, { name, secret }: AppToAdd, code: string): Promise<boolean> {
    const step = stepOf(code.replaceAll(' ', ''), secret, Date.now());
    if (step === null) return false;
    await this.transactions.run(async (tx) => {
      const owner = await this.ownerOf(account, tx);
      if (!owner) throw new Error('The account was deleted meanwhile.');
      const id = await this.factors.addConfirmed(
        { accountId: owner.id, name, secret: this.secrets.seal(FACTOR_SECRET, secret), step },
        tx,
      );
      await this.changes.addedByOperator(owner.id, name, tx);
      const target = { type: 'iam:account_factors', id };
      const details = { account_id: owner.id, by: 'operator' };
      await this.audit.record(tx, { action: 'iam:account_factors.created', actorId: null, target, details });
      await this.audit.record(tx, { action: 'iam:account_factors.confirmed', actorId: null, target, details });
    });
    return true;
  }

  /** Locks the account. An account that has a second factor is rejected: its owner adds others. */
  private async ownerOf(
    account: AccountName,
    tx: Transaction,
  ): Promise<{ readonly id: string; readonly email: string } | null> {
    const id = await this.directory.lock(account, tx);
    const person = id === null ? undefined : await this.directory.recipient(id, tx);
    if (id === null || !person) return null;
    if (await this.registry.isHeld(id, tx)) throw new Error(HELD);
    return { id, email: person.email };
  }
}

const HELD =
  'The account has a second factor: its owner adds others on /account/second-factors. If it is lost: npx iam factors reset';
