import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { buildEndSessionUrl } from 'openid-client';
import type { SessionOwner } from '../../auth/sessions/session.js';
import { Transactions } from '../../json-api/sql/sql.js';
import { type UpstreamSession, UpstreamSignOut } from '../../sign-in/upstream-sign-out.js';
import { ProviderClients } from '../discovery/provider-clients.service.js';
import { ProviderSettingsRepository } from '../discovery/provider-settings.repository.js';
import { SsoError } from '../sign-in/sso-error.js';
import { withinTime } from '../sign-in/within-time.js';
import { ProviderSessionsRepository, type SessionOrigin } from './provider-sessions.repository.js';

/** The URLs at which browsers end their sessions at identity providers (OpenID Connect RP-Initiated Logout 1.0). */
@Injectable()
export class ProviderEndSession implements OnModuleInit {
  private readonly logger = new Logger(ProviderEndSession.name);

  constructor(
    private readonly upstream: UpstreamSignOut,
    private readonly origins: ProviderSessionsRepository,
    private readonly settings: ProviderSettingsRepository,
    private readonly clients: ProviderClients,
    private readonly transactions: Transactions,
  ) {}

  onModuleInit(): void {
    this.upstream.register((session) => this.of(session));
  }

  private async of({ sessionId }: SessionOwner): Promise<UpstreamSession | null> {
    const origin = await this.origins.originOf(sessionId, this.transactions);
    return origin ? { name: origin.name, endUrl: (returnTo) => this.endUrl(origin, returnTo) } : null;
  }

  /** Null where the provider has no `end_session_endpoint` or does not respond; the session here ends in any case. */
  private async endUrl({ providerId, idToken }: SessionOrigin, returnTo: string | null): Promise<URL | null> {
    const provider = await this.settings.byId(providerId);
    if (!provider) return null;
    try {
      const client = await withinTime(this.clients.of(provider));
      if (client.serverMetadata().end_session_endpoint === undefined) return null;
      return buildEndSessionUrl(client, {
        ...(idToken !== null && { id_token_hint: idToken }),
        ...(returnTo !== null && { post_logout_redirect_uri: returnTo }),
      });
    } catch (error) {
      if (!(error instanceof SsoError)) throw error;
      this.logger.warn(`Where sessions end at ${provider.slug} is not known (${error.reason}): ${String(error.cause)}`);
      return null;
    }
  }
}
