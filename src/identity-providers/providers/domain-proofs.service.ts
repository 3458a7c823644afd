import { Resolver } from 'node:dns/promises';
import { Inject, Injectable, Optional } from '@nestjs/common';
import type { Actor } from '../../auth/authorization/actor.js';
import { RateLimiter } from '../../auth/rate-limit/rate-limiter.js';
import { SecretBox } from '../../auth/tokens/secrets.js';
import { Audit } from '../../events/audit.js';
import { apiError } from '../../json-api/document/errors.js';
import { type Transaction, Transactions } from '../../json-api/sql/sql.js';
import { IdentityProvidersRepository } from './identity-providers.repository.js';

/** The DNS servers to ask, as `host:port`; without a provider those of the system. */
export const DNS_SERVERS = Symbol('DNS_SERVERS');

/** A DNS record that proves a domain. */
export interface DomainRecord {
  readonly domain: string;
  readonly type: 'TXT';
  readonly name: string;
  readonly value: string;
}

const PURPOSE = 'identity_provider.domain';
const PREFIX = 'iam-verification=';
/** Time for a response of one server, in ms, and how often each is asked. */
const DNS = { timeout: 1_500, tries: 2 };

/**
 * Proves that the manager of a provider controls a domain, by a TXT record. Its value is an HMAC of provider and domain, so
 * nothing is stored for it.
 */
@Injectable()
export class DomainProofs {
  private readonly resolver = new Resolver(DNS);

  constructor(
    private readonly providers: IdentityProvidersRepository,
    private readonly transactions: Transactions,
    private readonly secrets: SecretBox,
    private readonly rateLimiter: RateLimiter,
    private readonly audit: Audit,
    @Optional() @Inject(DNS_SERVERS) servers: readonly string[] | null = null,
  ) {
    if (servers) this.resolver.setServers(servers);
  }

  /** The records that prove the domains of a provider which are not proven yet. */
  async records(providerId: string): Promise<DomainRecord[]> {
    const domains = await this.providers.unprovenDomains(providerId, this.transactions);
    return domains.map((domain) => ({
      domain,
      type: 'TXT',
      name: nameOf(domain),
      value: PREFIX + this.secrets.mac(PURPOSE, content(providerId, domain)),
    }));
  }

  /** Looks for the record of a domain. @throws ApiError 422 when there is none; 429 */
  async check(actor: Actor, providerId: string, domain: string): Promise<void> {
    await this.rateLimiter.count('verify_domain', { actorId: actor.id });
    const texts = await this.resolver.resolveTxt(nameOf(domain)).catch((): string[][] => []);
    const isProof = (text: string): boolean =>
      text.startsWith(PREFIX) &&
      this.secrets.verifyMac(PURPOSE, content(providerId, domain), text.slice(PREFIX.length));
    // A record is a list of strings of at most 255 octets, which belong together (RFC 7208, 3.3).
    if (texts.some((parts) => isProof(parts.join('').trim()))) return;
    throw apiError('validation_failed', `There is no TXT record ${nameOf(domain)} with the value of meta.records yet`, {
      pointer: '/domain',
    });
  }

  /** Records in the audit trail that a domain is proven. */
  record(actor: Actor, id: string, domain: string, tx: Transaction): Promise<void> {
    return this.audit.record(tx, {
      action: 'iam:identity_providers.domain_verified',
      actorId: actor.id,
      target: { type: 'iam:identity_providers', id },
      details: { domain },
    });
  }
}

const nameOf = (domain: string): string => `_iam-challenge.${domain}`;
const content = (providerId: string, domain: string): string => `${providerId} ${domain}`;
