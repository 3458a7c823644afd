import { Inject, Injectable } from '@nestjs/common';
import type { Actor } from '../../auth/authorization/actor.js';
import { SecondFactors } from '../../auth/authentication/second-factors.repository.js';
import { SecretBox } from '../../auth/tokens/secrets.js';
import { Config } from '../../config/config.js';
import { Audit } from '../../events/audit.js';
import type { Item } from '../../json-api/document/response.js';
import { apiError } from '../../json-api/document/errors.js';
import type { Facts, Restrictions } from '../../json-api/resource/permissions.js';
import type { CreateAttributes } from '../../json-api/resource/resource.js';
import {
  type Deletion,
  type Intent,
  ResourceService,
  ResourceTools,
  type Write,
} from '../../json-api/resource.service.js';
import type { Transaction } from '../../json-api/sql/sql.js';
import { productName } from '../../mail/mail.context.js';
import type { AccountFactor } from '../account-factor.entity.js';
import type { AccountFactorResource } from '../account-factor.resource.js';
import { wrongCode } from '../factor-attempts.service.js';
import { FactorChanges } from '../factor-changes.service.js';
import { AccountFactorsRepository, FACTOR_SECRET } from './account-factors.repository.js';
import { newTotpKey, stepOf, type TotpKey, totpKey } from './totp.js';

type Values = CreateAttributes<AccountFactor, typeof AccountFactorResource.rules>;

/** Maximum number of confirmed factors of an account; a code is compared with each. */
export const MAX_FACTORS = 10;

/** Second factors by authenticator app: added, confirmed by a code, and removed by their owner. */
@Injectable()
export class AccountFactorsService extends ResourceService<AccountFactor, Actor, Values> {
  private readonly issuer: string;

  constructor(
    private readonly factors: AccountFactorsRepository,
    tools: ResourceTools,
    private readonly registry: SecondFactors,
    private readonly changes: FactorChanges,
    private readonly secrets: SecretBox,
    private readonly audit: Audit,
    @Inject(Config) config: Pick<Config, 'brandName' | 'mailFrom' | 'appUrl'>,
  ) {
    super(factors, tools);
    this.issuer = productName(config);
  }

  /**
   * Confirms a factor with a code that it computed; from then on it counts.
   * @param readCode reads the body, whose errors come after those of the row
   * @throws ApiError 404, 409 when it is confirmed; 401 `invalid_credentials` for a wrong code
   */
  confirm(actor: Actor, id: string, readCode: () => string): Promise<Item> {
    return this.transactions.run(async (tx) => {
      await this.changes.lock(actor.id, tx);
      const factor = await this.findForAction(actor, 'create', id, tx);
      if (factor.confirmedAt !== null) throw apiError('conflict', 'The factor is already confirmed');
      const code = readCode().replaceAll(' ', '');
      const isFirst = !(await this.registry.isHeld(actor.id, tx));
      const key = this.secrets.open(FACTOR_SECRET, factor.secret);
      const step = key === null ? null : stepOf(code, key, Date.now());
      if (step === null || !(await this.factors.confirm(id, step, tx))) throw wrongCode('code');
      await this.changes.added(actor, { amr: ['otp'], name: factor.name, isFirst }, tx);
      const target = { type: 'iam:account_factors', id };
      await this.audit.record(tx, { action: 'iam:account_factors.confirmed', actorId: actor.id, target });
      return this.rows.show(actor, id, undefined, tx);
    });
  }

  /** What an app needs to know of a key of this service, for a page that shows it. @param secret in base32 */
  keyFor(actor: Pick<Actor, 'email'>, secret: string): TotpKey {
    return totpKey(secret, this.issuer, actor.email);
  }

  /** Locks the account before the factor, in the order of all changes of factors. */
  protected override async prepare(actor: Actor, _id: string, _intent: Intent, tx: Transaction): Promise<void> {
    await this.changes.lock(actor.id, tx);
  }

  /** Factors of others are removed all at once: `DELETE /accounts/{id}/factors`. */
  protected override restrict(actor: Actor, { accountId }: AccountFactor, _facts: Facts): Restrictions {
    if (accountId === actor.id) return {};
    const detail = 'It belongs to another account, of which only all factors together can be removed';
    return { delete: detail, actions: { create: detail } };
  }

  /** The key is shown this once. An earlier factor that was never confirmed is replaced. */
  protected override async before({
    actor,
    values,
    tx,
    shownOnce,
  }: Write<Actor, AccountFactor, Values>): Promise<object> {
    await this.changes.lock(actor.id, tx);
    await this.factors.removeUnconfirmed(actor.id, tx);
    if ((await this.factors.counts(actor.id, tx)).confirmed >= MAX_FACTORS) {
      throw apiError('conflict', `An account has at most ${MAX_FACTORS} factors: remove one first`);
    }
    const { secret, uri, qr } = newTotpKey(this.issuer, actor.email);
    shownOnce.set('secret', secret).set('otpauth_uri', uri).set('qr', qr);
    return { ...values, accountId: actor.id, secret: this.secrets.seal(FACTOR_SECRET, secret) };
  }

  protected override async afterDelete({ row, tx }: Deletion<Actor, AccountFactor>): Promise<void> {
    if (row.confirmedAt === null) return;
    if (await this.registry.isMissing(row.accountId, tx)) throw apiError('conflict', LAST);
    await this.changes.removed(row.accountId, row.name, tx);
  }
}

const LAST = 'Your role or an organization requires a second factor: add another one before you remove the last';
