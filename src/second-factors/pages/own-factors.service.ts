import { Injectable } from '@nestjs/common';
import { SecondFactors } from '../../auth/authentication/second-factors.repository.js';
import type { Actor } from '../../auth/authorization/actor.js';
import { apiError } from '../../json-api/document/errors.js';
import { criteriaOf } from '../../json-api/query/criteria.parser.js';
import type { CreateAttributes } from '../../json-api/resource/resource.js';
import { Transactions } from '../../json-api/sql/sql.js';
import { readFlatBody } from '../../json-api/write/body.js';
import { IfMatch, WriteDocument } from '../../json-api/write/write-document.js';
import type { AccountFactor } from '../account-factor.entity.js';
import { AccountFactorResource } from '../account-factor.resource.js';
import { RecoveryCodesService } from '../recovery-codes/recovery-codes.service.js';
import { ConfirmFactorBody } from '../totp/account-factors.dto.js';
import { AccountFactorsService, MAX_FACTORS } from '../totp/account-factors.service.js';

/** A confirmed authenticator app, as pages show it. */
export interface OwnApp {
  readonly id: string;
  readonly name: string;
  readonly confirmedAt: Date;
  readonly lastUsedAt: Date | null;
}

/** The attributes of `iam:account_factors` that pages show. */
interface Attributes {
  readonly name: string;
  readonly confirmed_at: string | null;
  readonly last_used_at: string | null;
}

type Values = CreateAttributes<AccountFactor, typeof AccountFactorResource.rules>;

const { type } = AccountFactorResource;

/** The actor's second factors for pages: the operations of the API, with their rights. */
@Injectable()
export class OwnFactors {
  constructor(
    private readonly factors: AccountFactorsService,
    private readonly codes: RecoveryCodesService,
    private readonly registry: SecondFactors,
    private readonly transactions: Transactions,
  ) {}

  /** Whether the rights of an actor cover an action on second factors. */
  may(actor: Actor, action: 'create' | 'read' | 'delete'): boolean {
    return actor.scopes(type, action).size > 0;
  }

  /** The confirmed authenticator apps, oldest first. */
  async list(actor: Actor): Promise<OwnApp[]> {
    // One more than the maximum, since one may not be confirmed yet.
    const parameters = { 'filter[account_id]': actor.id, 'page[size]': String(MAX_FACTORS + 1) };
    const { rows } = await this.factors.index(actor, criteriaOf(AccountFactorResource, parameters));
    return rows.flatMap(({ id, attributes }) => appFrom(id, JSON.parse(attributes)) ?? []);
  }

  /** How many recovery codes are left; null where the account has no second factor. */
  async codesLeft(actor: Actor): Promise<number | null> {
    return (await this.registry.isHeld(actor.id, this.transactions)) ? this.codes.left(actor.id) : null;
  }

  /** Adds an app, which counts once it is confirmed; gives its id and key. @throws ApiError as `POST /account_factors` */
  async add(actor: Actor, name: string): Promise<{ readonly id: string; readonly secret: string }> {
    if (!this.may(actor, 'create')) throw apiError('forbidden', `Your role may not create ${type}`);
    const context = {
      selection: { fields: new Map(), include: [] },
      ifMatch: IfMatch.parse(undefined),
      operation: 'POST /account_factors',
    };
    const parsed = { type, id: undefined, attributes: { name }, linkage: [] };
    const document = new WriteDocument<Values>(AccountFactorResource, 'create', parsed, context);
    const { row, meta } = await this.factors.create(actor, document);
    return { id: row.id, secret: String(meta?.['secret']) };
  }

  /** @throws ApiError as `POST /account_factors/{id}/confirm` */
  async confirm(actor: Actor, id: string, code: string): Promise<void> {
    await this.factors.confirm(actor, id, () => readFlatBody(ConfirmFactorBody, { code }).code);
  }

  /** @throws ApiError as `DELETE /account_factors/{id}` */
  remove(actor: Actor, id: string): Promise<void> {
    return this.factors.delete(actor, id, IfMatch.parse(undefined));
  }

  /** @throws ApiError as `POST /account/recovery_codes` */
  makeCodes(actor: Actor): Promise<string[]> {
    return this.codes.make(actor);
  }
}

const appFrom = (id: string, { name, confirmed_at: confirmed, last_used_at: used }: Attributes): OwnApp | null =>
  confirmed === null
    ? null
    : { id, name, confirmedAt: new Date(confirmed), lastUsedAt: used === null ? null : new Date(used) };
