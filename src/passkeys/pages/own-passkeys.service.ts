import { Injectable } from '@nestjs/common';
import type { Actor } from '../../auth/authorization/actor.js';
import { apiError } from '../../json-api/document/errors.js';
import { criteriaOf } from '../../json-api/query/criteria.parser.js';
import { IfMatch, WriteDocument } from '../../json-api/write/write-document.js';
import { AccountPasskeyResource } from '../account-passkey.resource.js';
import { MAX_PASSKEYS } from '../account-passkeys.repository.js';
import { AccountPasskeysService, type PasskeyValues } from '../account-passkeys.service.js';
import { type PasskeyToAdd, PasskeyRegistrationService } from '../passkey-registration.service.js';

/** A passkey, as pages show it. */
export interface OwnPasskey {
  readonly id: string;
  readonly name: string;
  readonly backedUp: boolean;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

/** The attributes of `iam:account_passkeys`. */
interface Attributes {
  readonly name: string;
  readonly backed_up: boolean;
  readonly created_at: string;
  readonly last_used_at: string | null;
}

const { type } = AccountPasskeyResource;

/** The actor's passkeys for pages: the operations of the API, with their rights. */
@Injectable()
export class OwnPasskeys {
  constructor(
    private readonly passkeys: AccountPasskeysService,
    private readonly registration: PasskeyRegistrationService,
  ) {}

  /** Whether the rights of an actor cover an action on passkeys. */
  may(actor: Actor, action: 'create' | 'read' | 'update' | 'delete'): boolean {
    return actor.scopes(type, action).size > 0;
  }

  /** All of them, oldest first. */
  async list(actor: Actor): Promise<OwnPasskey[]> {
    const criteria = criteriaOf(AccountPasskeyResource, { 'page[size]': String(MAX_PASSKEYS) });
    const { rows } = await this.passkeys.index(actor, criteria);
    return rows.map(({ id, attributes }) => passkeyFrom(id, JSON.parse(attributes)));
  }

  /** @throws ApiError as `POST /account_passkeys` */
  async add(actor: Actor, passkey: PasskeyToAdd): Promise<void> {
    if (!this.may(actor, 'create')) throw apiError('forbidden', `Your role may not create ${type}`);
    await this.registration.add(actor, passkey);
  }

  /** @throws ApiError as `PATCH /account_passkeys/{id}` */
  async rename(actor: Actor, id: string, name: string): Promise<void> {
    const context = {
      selection: { fields: new Map(), include: [] },
      ifMatch: IfMatch.parse(undefined),
      operation: 'PATCH /account_passkeys',
    };
    const parsed = { type, id, attributes: { name }, linkage: [] };
    const document = new WriteDocument<PasskeyValues>(AccountPasskeyResource, 'update', parsed, context);
    await this.passkeys.update(actor, id, document);
  }

  /** @throws ApiError as `DELETE /account_passkeys/{id}` */
  remove(actor: Actor, id: string): Promise<void> {
    return this.passkeys.delete(actor, id, IfMatch.parse(undefined));
  }
}

const passkeyFrom = (id: string, attributes: Attributes): OwnPasskey => ({
  id,
  name: attributes.name,
  backedUp: attributes.backed_up,
  createdAt: new Date(attributes.created_at),
  lastUsedAt: attributes.last_used_at === null ? null : new Date(attributes.last_used_at),
});
