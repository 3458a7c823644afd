import { Inject, Injectable } from '@nestjs/common';
import { SecondFactors } from '../auth/authentication/second-factors.repository.js';
import type { Actor } from '../auth/authorization/actor.js';
import { Config } from '../config/config.js';
import { Audit } from '../events/audit.js';
import { ApiError, apiError } from '../json-api/document/errors.js';
import type { Item } from '../json-api/document/response.js';
import { Transactions } from '../json-api/sql/sql.js';
import { productName } from '../mail/mail.context.js';
import { FactorChanges } from '../second-factors/factor-changes.service.js';
import { AccountPasskeysRepository, MAX_PASSKEYS } from './account-passkeys.repository.js';
import { type Ceremony, PasskeyChallenges } from './passkey-challenges.service.js';
import { PasskeyMailer } from './passkey.mailer.js';
import { creationOptions, methodsOf, verifyAttestation } from './webauthn/attestation.js';
import { type AttestationResponse, notAResponse } from './webauthn/responses.js';

/** A passkey that an account adds. */
export interface PasskeyToAdd {
  readonly transaction: string;
  readonly response: AttestationResponse;
  readonly name: string;
}

type Options = Awaited<ReturnType<typeof creationOptions>>;

/** Adds passkeys to the actor's own account. */
@Injectable()
export class PasskeyRegistrationService {
  private readonly product: string;

  constructor(
    @Inject(Config) config: Pick<Config, 'brandName' | 'mailFrom' | 'appUrl'>,
    private readonly transactions: Transactions,
    private readonly passkeys: AccountPasskeysRepository,
    private readonly challenges: PasskeyChallenges,
    private readonly factors: SecondFactors,
    private readonly changes: FactorChanges,
    private readonly mailer: PasskeyMailer,
    private readonly audit: Audit,
  ) {
    this.product = productName(config);
  }

  /** A challenge, and the options that browsers take. @throws ApiError 404 where passkeys are off */
  async options(actor: Actor): Promise<Ceremony<Options>> {
    const { party } = this.challenges;
    const known = await this.passkeys.credentialsOf(actor.id, this.transactions);
    const { transaction, ...challenge } = await this.challenges.issue('registration', actor.id);
    return { transaction, options: await creationOptions(party, this.product, actor, known, challenge) };
  }

  /**
   * Adds a passkey. Its challenge is used up even when the response is not valid.
   * @throws ApiError 404 where passkeys are off, and for an invalid transaction; 409 at the maximum number, and
   * for a passkey that was added before; 422 at `/response`
   */
  async add(actor: Actor, { transaction, response, name }: PasskeyToAdd): Promise<Item> {
    const { party } = this.challenges;
    const spent = await this.challenges.spend('registration', transaction);
    if (spent?.accountId !== actor.id) throw apiError('invalid_token', NO_TRANSACTION, { pointer: '/transaction' });
    const credential = await verifyAttestation(response, party, spent.challenge);
    if (!credential) throw new ApiError([notAResponse('/response')]);
    return this.transactions.run(async (tx) => {
      const isThere = await this.passkeys.lockOwner(actor.id, tx);
      const hadNone = !(await this.factors.isHeld(actor.id, tx));
      const id = isThere ? await this.passkeys.add({ ...credential, accountId: actor.id, name }, tx) : null;
      if (id === null) throw apiError('conflict', `An account has at most ${MAX_PASSKEYS} passkeys; remove one first`);
      const target = { type: 'iam:account_passkeys', id };
      await this.audit.record(tx, { action: 'iam:account_passkeys.created', actorId: actor.id, target });
      // Where a factor is required, the other sessions started without one.
      const isFirst = hadNone && (await this.factors.isDemanded(actor.id, tx));
      await this.changes.added(actor, { amr: methodsOf(credential), isFirst }, tx);
      await this.mailer.queue(tx, 'added', { accountId: actor.id, passkey: name });
      return this.passkeys.show(actor, id, undefined, tx);
    });
  }
}

const NO_TRANSACTION = 'The transaction was used before or has expired; ask for new options';
