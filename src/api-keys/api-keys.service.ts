import { Injectable } from '@nestjs/common';
import type { Actor } from '../auth/authorization/actor.js';
import { AuthChanges } from '../auth/sessions/auth-changes.js';
import { Audit } from '../events/audit.js';
import { apiError, attributePointer, type ErrorObject, throwIfErrors } from '../json-api/document/errors.js';
import { type Item, withMeta } from '../json-api/document/response.js';
import { attributeField, brokenRule } from '../json-api/document/rules.js';
import type { Facts, Restrictions } from '../json-api/resource/permissions.js';
import type { CreateAttributes } from '../json-api/resource/resource.js';
import { type Deletion, ResourceService, ResourceTools, type Write } from '../json-api/resource.service.js';
import type { Transaction } from '../json-api/sql/sql.js';
import { newApiKey, secretOf } from './api-key-format.js';
import { ApiKeyMailer } from './mails/api-key.mailer.js';
import { ApiKeyRules } from './api-key.rules.js';
import type { ApiKey } from './api-key.entity.js';
import type { ApiKeyResource } from './api-key.resource.js';
import { ApiKeySecretsRepository } from './api-key-secrets.repository.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { KeyOwners } from './key-owners.service.js';
import { EVERYTHING } from '../json-api/resource.repository.js';

type Values = CreateAttributes<ApiKey, typeof ApiKeyResource.rules>;
type KeyWrite = Write<Actor, ApiKey, Values>;

/** Maximum number of keys of one account. */
const MAX_KEYS = 1_000;
/** Member of `meta` that has the key, in the response to a create or rotation. */
const KEY = 'key';

/** API keys: of people, which they make themselves, and of services. `meta.key` of a create shows the key, once. */
@Injectable()
export class ApiKeysService extends ResourceService<ApiKey, Actor, Values> {
  constructor(
    private readonly keys: ApiKeysRepository,
    tools: ResourceTools,
    private readonly secrets: ApiKeySecretsRepository,
    private readonly rules: ApiKeyRules,
    private readonly owners: KeyOwners,
    private readonly changes: AuthChanges,
    private readonly audit: Audit,
    private readonly mailer: ApiKeyMailer,
  ) {
    super(keys, tools);
  }

  /**
   * Replaces the secret of a key; `meta.key` shows the new one, this once.
   * @param overlapSeconds how long the former one stays valid, in seconds
   * @throws ApiError 403, 404; 409 for a key that has expired or was revoked
   */
  rotate(actor: Actor, id: string, overlapSeconds: number): Promise<Item> {
    return this.transactions.run(async (tx) => {
      const row = await this.findForAction(actor, 'rotate', id, tx);
      await this.assertMayMake(actor, row, tx);
      if (row.revokedAt !== null) throw apiError('conflict', 'The key was revoked; make another one');
      if (row.expiresAt !== null && row.expiresAt.getTime() <= Date.now()) {
        throw apiError('conflict', 'The key has expired; make another one');
      }
      const key = newApiKey();
      const secret = secretOf(key);
      await this.secrets.replace(id, secret, overlapSeconds, tx);
      await this.keys.update(id, { keyLabel: secret.label }, tx);
      await this.record('rotated', actor, row, tx, { overlap_seconds: overlapSeconds });
      return withMeta(await this.keys.reload(actor, id, EVERYTHING, tx), new Map([[KEY, key]]));
    });
  }

  /** Revokes a key for good; no change if it was revoked before. @throws ApiError 403, 404 */
  revoke(actor: Actor, id: string): Promise<Item> {
    return this.transactions.run(async (tx) => {
      const row = await this.findForAction(actor, 'revoke', id, tx);
      if ((await this.keys.revoke(id, tx)) !== null) await this.record('revoked', actor, row, tx);
      return this.keys.reload(actor, id, EVERYTHING, tx);
    });
  }

  protected override defaults(): Partial<Values> {
    // Values are as a document has them, where a time is a text; their type is that of the entity.
    return { expiresAt: this.rules.defaultExpiry() as unknown as Date };
  }

  /** Only its owner changes a person's key; others who have the right may revoke it. */
  protected override restrict(actor: Actor, { accountId }: ApiKey, { isOfService = false }: Facts): Restrictions {
    if (accountId === actor.id || isOfService) return {};
    return { update: NOT_YOURS, actions: { rotate: NOT_YOURS } };
  }

  protected override async authorize({ actor, row, values, tx }: KeyWrite): Promise<ErrorObject[]> {
    if (row !== null) return [];
    const { accountId = actor.id, permissions = [], roleScope } = values;
    if (accountId !== actor.id && !mayMakeForOthers(actor)) {
      return [{ code: 'forbidden', detail: OWN_ONLY, source: attributePointer('account_id') }];
    }
    const owner = await this.owners.find(actor, accountId, tx);
    if (owner === null) return [];
    if ('code' in owner) return [owner];
    return this.owners.errorsOf(actor, owner, { permissions: this.rules.read(permissions), roleScope });
  }

  protected override async check({ actor, row, values, tx }: KeyWrite): Promise<ErrorObject[]> {
    const { accountId = actor.id, permissions, roleScope, expiresAt } = values;
    if (row !== null) return this.rules.expiryErrors(expiresAt, row.expiresAt);
    const isKnown = (await this.owners.find(actor, accountId, tx)) !== null;
    return [
      ...(isKnown ? [] : [brokenRule('unknown_reference', attributeField('account_id'))]),
      ...this.rules.permissionErrors(permissions),
      ...this.rules.scopeErrors(roleScope),
      ...this.rules.expiryErrors(expiresAt),
    ];
  }

  protected override async before({ actor, row, values, shownOnce, tx }: KeyWrite): Promise<object> {
    if (row !== null) return values;
    const accountId = values.accountId ?? actor.id;
    if ((await this.keys.countOf(accountId, tx)) >= MAX_KEYS) {
      throw apiError('conflict', `The account has ${MAX_KEYS} keys; delete those that are not used any more`);
    }
    const key = newApiKey();
    shownOnce.set(KEY, key);
    return { ...values, accountId, createdBy: actor.id, keyLabel: secretOf(key).label };
  }

  protected override async after({ actor, row, values, shownOnce, tx }: KeyWrite, id: string): Promise<void> {
    if (row !== null) return this.changes.publish(tx, [row.accountId]);
    await this.secrets.add(id, secretOf(String(shownOnce.get(KEY))), tx);
    const accountId = values.accountId ?? actor.id;
    if (accountId !== actor.id) await this.mailer.queueMade(tx, id);
  }

  protected override async afterDelete({ row, tx }: Deletion<Actor, ApiKey>): Promise<void> {
    await this.changes.publish(tx, [row.accountId]);
  }

  /** A rotation gives the actor a usable key, so the actor needs the rights of the key. */
  private async assertMayMake(
    actor: Actor,
    { accountId, permissions, roleScope }: ApiKey,
    tx: Transaction,
  ): Promise<void> {
    if (accountId === actor.id) return;
    const owner = await this.owners.find(actor, accountId, tx);
    if (owner === null) throw apiError('forbidden', 'You may not update the account of the key');
    const errors =
      'code' in owner
        ? [owner]
        : this.owners.errorsOf(actor, owner, { permissions: this.rules.read(permissions), roleScope });
    throwIfErrors(errors.map(({ code, detail }) => ({ code, detail })));
  }

  private async record(
    verb: 'rotated' | 'revoked',
    actor: Actor,
    { id, accountId }: ApiKey,
    tx: Transaction,
    details: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    await this.changes.publish(tx, [accountId]);
    const target = { type: this.keys.resource.type, id };
    await this.audit.record(tx, {
      action: `iam:api_keys.${verb}`,
      actorId: actor.id,
      target,
      details: { account_id: accountId, ...details },
    });
  }
}

const OWN_ONLY = 'You may only make keys of your own account';
const NOT_YOURS = 'The key of a person is changed by its owner only; you may revoke or delete it';

const mayMakeForOthers = (actor: Actor): boolean =>
  actor.can('iam:api_keys', 'create', 'org') || actor.can('iam:api_keys', 'create', '*');
