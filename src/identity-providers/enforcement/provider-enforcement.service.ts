import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CHALLENGE } from '../../auth/authentication/authentication.js';
import { SessionRestrictions } from '../../auth/sessions/session-restrictions.js';
import { SessionStore } from '../../auth/sessions/session.store.js';
import { ApiError, attributePointer } from '../../json-api/document/errors.js';
import { type Transaction, Transactions } from '../../json-api/sql/sql.js';
import { OutboxHandlers } from '../../outbox/outbox.handlers.js';
import { Outbox } from '../../outbox/outbox.js';
import { SignInRequirements } from '../../sign-in/session-starts.service.js';
import type { SignInCandidate } from '../../sign-in/sign-in-requirement.js';
import {
  type EnforcedProvider,
  EnforcedProvidersRepository,
  isOfProvenDomain,
} from './enforced-providers.repository.js';

declare module '../../outbox/outbox.tasks.js' {
  interface OutboxTasks {
    /** Ends the sessions that an enforced identity provider does not let go on, where they were too many for its request. */
    'identity_providers.end_sessions': { providerId: string; actorId: string | null };
  }
}

const TASK = 'identity_providers.end_sessions';

/**
 * Enforced providers: for addresses of their proven domains no session starts, and none goes on, that did not come from
 * them. What an address gets is decided by its domain, so that it reveals nothing of its account.
 */
@Injectable()
export class ProviderEnforcement implements OnModuleInit {
  constructor(
    private readonly rows: EnforcedProvidersRepository,
    private readonly transactions: Transactions,
    private readonly restrictions: SessionRestrictions,
    private readonly requirements: SignInRequirements,
    private readonly sessions: SessionStore,
    private readonly outbox: Outbox,
    private readonly handlers: OutboxHandlers,
  ) {}

  onModuleInit(): void {
    this.restrictions.register({
      ofEmail: async (emailKey) => errorOf(await this.rows.ofEmail(emailKey, this.transactions)),
      concerns: isOfProvenDomain,
      stops: (session) => this.rows.stops(session),
    });
    // Before a second factor is asked for, which could not help.
    this.requirements.registerFirst({
      concerns: ({ emailKey }) => isOfProvenDomain(emailKey),
      unmet: (tx, candidate) => this.unmet(tx, candidate),
    });
    this.handlers.register(TASK, ({ providerId, actorId }) => this.endRest(providerId, actorId));
  }

  /**
   * Asks before addresses of these domains can sign in with the provider only.
   * @param providerId null for one that is about to be created
   * @throws ApiError 409 `confirmation_required` with how many accounts it concerns
   */
  async confirm(
    tx: Transaction,
    { providerId, domains }: { readonly providerId: string | null; readonly domains: readonly string[] },
    confirmed: boolean,
  ): Promise<void> {
    if (confirmed) return;
    const affected = await this.rows.affected(domains, providerId, tx);
    const detail =
      'Accounts with an address of its domains can then sign in with the provider only, and their other sessions end: ' +
      'send it again with ?confirm=true';
    const source = attributePointer('enforced');
    throw new ApiError([{ code: 'confirmation_required', detail, source, meta: { affected } }]);
  }

  /** Ends the sessions that the provider, as it is now, does not let go on. Those that are too many follow right after the commit. */
  async endOthers(tx: Transaction, providerId: string, actorId: string | null): Promise<void> {
    if (await this.endSome(tx, providerId, actorId)) return;
    await this.outbox.enqueue(tx, TASK, { providerId, actorId }, { key: providerId });
  }

  private async endRest(providerId: string, actorId: string | null): Promise<void> {
    for (let isLast = false; !isLast;) {
      isLast = await this.transactions.run((tx) => this.endSome(tx, providerId, actorId));
    }
  }

  private async endSome(tx: Transaction, providerId: string, actorId: string | null): Promise<boolean> {
    const ending = { reason: 'provider_enforced', actorId } as const;
    return (await this.sessions.endSomeStopped(tx, this.rows.isOfProvider(providerId), ending)).isLast;
  }

  private async unmet(tx: Transaction, { account, proof }: SignInCandidate): Promise<ApiError | null> {
    const provider = await this.rows.lockOfEmail(account.emailKey, tx);
    return provider?.id === proof.identity?.providerId ? null : errorOf(provider);
  }
}

const errorOf = (provider: EnforcedProvider | undefined): ApiError | null =>
  provider === undefined
    ? null
    : new ApiError(
        [
          {
            code: 'sso_required',
            detail: `Addresses of this domain sign in with their identity provider: go to /auth/sso/${provider.slug}`,
            meta: { provider: provider.slug },
          },
        ],
        CHALLENGE,
      );
