import { Injectable, Logger } from '@nestjs/common';
import { ApiKeyActors, type KeyUse } from '../auth/authentication/api-key-access.js';
import { Actor } from '../auth/authorization/actor.js';
import { Roles } from '../auth/authorization/roles.js';
import { ActorCache, type KeyEntry } from '../auth/sessions/actor-loader.js';
import { finderOf, matchesHash } from './api-key-format.js';
import { ApiKeySecretsRepository, type FoundKey } from './api-key-secrets.repository.js';
import { effectiveRole, effectiveScope } from './effective-role.js';

/** Time between two writes of `last_used_at` of one key, in ms. */
const USE_EVERY_MS = 60_000;

/** The actors of API keys, from the cache or by one query. */
@Injectable()
export class CachedApiKeyActors extends ApiKeyActors {
  private readonly logger = new Logger('ApiKeys');

  constructor(
    private readonly secrets: ApiKeySecretsRepository,
    private readonly roles: Roles,
    private readonly cache: ActorCache,
  ) {
    super();
  }

  ofKey(key: string): KeyUse | null | Promise<KeyUse | null> {
    const finder = finderOf(key);
    return finder === null ? null : this.use(finder, ({ hash }) => matchesHash(key, hash));
  }

  ofToken(finder: string, keyId: string): KeyUse | null | Promise<KeyUse | null> {
    return this.use(finder, ({ actor }) => actor.apiKeyId === keyId);
  }

  private use(finder: string, isGood: (entry: KeyEntry) => boolean): KeyUse | null | Promise<KeyUse | null> {
    const cached = this.cache.key(finder);
    if (cached) return isGood(cached) ? this.used(cached) : null;
    return this.load(finder).then((entry) => (entry && isGood(entry) ? this.used(entry) : null));
  }

  private async load(finder: string): Promise<KeyEntry | null> {
    const mark = this.cache.mark();
    const found = await this.secrets.find(finder);
    const owner = found && this.roles.get(found.roleName);
    if (!owner) return null;
    const { hash, expiresAt, lastUsedAt } = found;
    const permissions = found.permissions.flatMap((text) => this.roles.rightOf(text) ?? []);
    const { organizationIds, extra } = effectiveScope(found, owner);
    const role = effectiveRole(owner, permissions, found.roleScope !== null);
    const actor = new Actor({ ...ownerOf(found), role, organizationIds, roleScopeExtra: extra });
    const entry = { actor, hash, expiresAt: expiresAt?.getTime() ?? Infinity, usedAt: lastUsedAt?.getTime() ?? 0 };
    this.cache.putKey(finder, entry, mark);
    return entry;
  }

  /** Stores the use, at most once a minute, before the request continues: the response may show it. */
  private used(entry: KeyEntry): KeyUse | Promise<KeyUse> {
    const { actor, expiresAt, usedAt } = entry;
    const use = { actor, exp: expiresAt === Infinity ? null : Math.floor(expiresAt / 1_000) };
    const now = Date.now();
    if (now - usedAt < USE_EVERY_MS || actor.apiKeyId === null) return use;
    entry.usedAt = now;
    const failed = (error: unknown): void =>
      this.logger.warn(`The use of an API key was not written: ${String(error)}`);
    return this.secrets.markUsed(actor.apiKeyId).then(
      () => use,
      (error) => (failed(error), use),
    );
  }
}

const ownerOf = ({ accountId: id, email, name, pictureUrl, locale, lacksFactor, id: apiKeyId }: FoundKey) => ({
  id,
  sessionId: null,
  apiKeyId,
  email,
  name,
  pictureUrl,
  locale,
  lacksFactor,
});
