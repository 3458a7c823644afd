import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Actor } from '../auth/authorization/actor.js';
import { Reauthentication } from '../auth/authentication/fresh-sign-in.js';
import { emailKey } from '../auth/email-key.js';
import { RateLimiter } from '../auth/rate-limit/rate-limiter.js';
import { SessionStore } from '../auth/sessions/session.store.js';
import { Audit } from '../events/audit.js';
import { apiError } from '../json-api/document/errors.js';
import { Transactions } from '../json-api/sql/executor.js';
import { CredentialsRepository } from '../passwords/credentials.repository.js';
import { PasswordHasher } from '../passwords/hashing/password.hasher.js';
import { CHALLENGE, invalidCredentials, onSession, SessionTokens, type SignedIn } from './session-tokens.js';

/** Lets the account of a session prove who it is again, for operations that need a fresh sign-in. */
@Injectable()
export class ReauthenticationService implements OnModuleInit {
  constructor(
    private readonly transactions: Transactions,
    private readonly credentials: CredentialsRepository,
    private readonly hasher: PasswordHasher,
    private readonly sessions: SessionStore,
    private readonly tokens: SessionTokens,
    private readonly rateLimiter: RateLimiter,
    private readonly audit: Audit,
    private readonly reauthentication: Reauthentication,
  ) {}

  onModuleInit(): void {
    this.reauthentication.register(async ({ id }) =>
      (await this.credentials.find(id)).hashedPassword === null ? [] : ['password'],
    );
  }

  /**
   * Proves by password who the actor is. The session stays, with a new pair of tokens.
   * @param address the client's
   * @throws ApiError 401 `invalid_credentials`; 401 `unauthenticated` when the session ended meanwhile; 429; 503
   */
  async byPassword(actor: Actor, password: string, address: string): Promise<SignedIn> {
    const attempt = { address, emailKey: emailKey(actor.email), actorId: actor.id };
    const owner = actor.session;
    await this.rateLimiter.email('reauthenticate', attempt);
    const stored = await this.credentials.find(actor.id);
    const { ok, rehash } = await this.hasher.verify(password, stored.hashedPassword, 'recognized');
    if (!ok) {
      const failure = { ...onSession(owner), details: { reason: 'invalid_credentials' } };
      await this.transactions.run((tx) =>
        this.audit.record(tx, { ...failure, action: 'iam:account_auths.reauthentication_failed' }),
      );
      throw invalidCredentials();
    }
    const upgraded = rehash ? await this.hasher.upgrade(password) : null;
    const session = await this.transactions.run(async (tx) => {
      const continued = await this.sessions.reauthenticate(tx, owner, ['pwd']);
      if (!continued) return null;
      // Replaced while it was hashed: the old password proves nothing any more.
      const held = await this.credentials.lockVersion(actor.id, stored.version, upgraded, tx);
      if (!held) throw invalidCredentials();
      await this.audit.record(tx, { ...onSession(owner), action: 'iam:account_auths.reauthenticated' });
      return continued;
    });
    if (!session) throw apiError('unauthenticated', 'The session has ended', undefined, CHALLENGE);
    await this.rateLimiter.succeeded('reauthenticate', attempt);
    return this.tokens.issue(session);
  }
}
