import { Injectable } from '@nestjs/common';
import type { Actor } from '../../auth/authorization/actor.js';
import { Roles } from '../../auth/authorization/roles.js';
import { SecretBox } from '../../auth/tokens/secrets.js';
import { apiError, type ErrorObject } from '../../json-api/document/errors.js';
import { attributeField, brokenRule } from '../../json-api/document/rules.js';
import { type Item, withMeta } from '../../json-api/document/response.js';
import type { Selection } from '../../json-api/query/criteria.js';
import type { CreateAttributes } from '../../json-api/resource/resource.js';
import type { Facts, Restrictions } from '../../json-api/resource/permissions.js';
import { ResourceService, ResourceTools, type Write } from '../../json-api/resource.service.js';
import type { WriteDocument } from '../../json-api/write/write-document.js';
import { OutboundClient } from '../../outbound/outbound.client.js';
import { OutboundError } from '../../outbound/outbound.errors.js';
import { ProviderEnforcement } from '../enforcement/provider-enforcement.service.js';
import { DomainProofs } from './domain-proofs.service.js';
import type { IdentityProvider } from './identity-provider.entity.js';
import { canonicalDomains, type IdentityProviderResource } from './identity-provider.resource.js';
import { CLIENT_SECRET_PURPOSE, IdentityProvidersRepository } from './identity-providers.repository.js';
import {
  claimErrors,
  creationErrors,
  domainErrors,
  isOperator,
  missingErrors,
  PROVIDER_RULES,
  providerRestrictions,
  roleErrors,
  URL_PROPERTIES,
  urlError,
} from './provider.policy.js';
import { KINDS } from './provider-kinds.js';
import { EVERYTHING } from '../../json-api/resource.repository.js';

type Values = CreateAttributes<IdentityProvider, typeof IdentityProviderResource.rules>;
type ProviderWrite = Write<Actor, IdentityProvider, Values>;

/** The identity providers that accounts sign in with. */
@Injectable()
export class IdentityProvidersService extends ResourceService<IdentityProvider, Actor, Values> {
  constructor(
    private readonly providers: IdentityProvidersRepository,
    tools: ResourceTools,
    private readonly proofs: DomainProofs,
    private readonly roles: Roles,
    private readonly secrets: SecretBox,
    private readonly outbound: OutboundClient,
    private readonly enforcement: ProviderEnforcement,
  ) {
    super(providers, tools);
  }

  override async show(actor: Actor, id: string, selection: Selection): Promise<Item> {
    return this.withRecords(await super.show(actor, id, selection));
  }

  override async create(actor: Actor, document: WriteDocument<Values>): Promise<Item> {
    return this.withRecords(await super.create(actor, document));
  }

  override async update(actor: Actor, id: string, document: WriteDocument<Values>): Promise<Item> {
    return this.withRecords(await super.update(actor, id, document));
  }

  /**
   * Looks for the DNS record that proves a domain of a provider; an actor who may update all providers needs none.
   * @throws ApiError 403, 404; 409 when the domain belongs to another provider; 422 when it is not one of the provider's,
   * or has no such record; 409 `confirmation_required` for an enforced provider; 429
   */
  async verifyDomain(actor: Actor, id: string, domain: string, confirmed: boolean): Promise<Item> {
    const known = await this.transactions.run((tx) => this.findForAction(actor, 'update', id, tx));
    this.checkDomain(known, domain);
    if (!isOperator(actor, 'update')) await this.proofs.check(actor, id, domain);
    return this.withRecords(
      await this.transactions.run(async (tx) => {
        const row = await this.findForAction(actor, 'update', id, tx);
        this.checkDomain(row, domain);
        if (isEffective(row)) await this.enforcement.confirm(tx, { providerId: id, domains: [domain] }, confirmed);
        await this.providers.proveDomains(id, [domain], tx);
        await this.providers.update(id, {}, tx);
        if (isEffective(row)) await this.enforcement.endOthers(tx, id, actor.id);
        await this.proofs.record(actor, id, domain, tx);
        return this.providers.reload(actor, id, EVERYTHING, tx);
      }),
    );
  }

  protected override restrict(actor: Actor, row: IdentityProvider, facts: Facts): Restrictions {
    return providerRestrictions(actor, row, facts);
  }

  protected override defaults({ kind }: Values): Partial<Values> {
    return kind === undefined ? {} : { ...NO_ENDPOINTS, issuer: KINDS[kind].issuer };
  }

  protected override async authorize({ actor, row, values }: ProviderWrite): Promise<ErrorObject[]> {
    const role = values.defaultRole == null ? null : this.roles.get(values.defaultRole);
    return [...(row === null ? creationErrors(actor, values) : []), ...roleErrors(actor, role)];
  }

  protected override async check({ actor, row, values, tx }: ProviderWrite): Promise<ErrorObject[]> {
    const domains = values.domains === undefined ? undefined : (canonicalDomains(values.domains) as string[]);
    const next = { ...row, ...values, ...(domains && { domains }) };
    return [
      ...(next.kind === undefined ? [] : missingErrors({ ...next, kind: next.kind })),
      ...this.issuerErrors(next),
      ...URL_PROPERTIES.flatMap((property) => this.urlErrors(property, values[property])),
      ...(values.claims === undefined ? [] : claimErrors(values.claims)),
      ...(domains === undefined ? [] : domainErrors(domains)),
      ...this.defaultRoleErrors(values.defaultRole),
      ...(await this.provenErrors(actor, row, next, tx)),
    ];
  }

  protected override async before(write: ProviderWrite): Promise<object> {
    const { actor, values } = write;
    await this.confirmEnforcement(write);
    const { clientSecret, domains, ...columns } = values;
    return {
      ...columns,
      ...(domains !== undefined && { domains: canonicalDomains(domains) }),
      ...(values.defaultRole !== undefined && { roleCeiling: actor.role.rank }),
      ...(clientSecret !== undefined && {
        clientSecret: clientSecret === null ? null : this.secrets.seal(CLIENT_SECRET_PURPOSE, clientSecret),
      }),
    };
  }

  protected override async after({ actor, row, values, tx }: ProviderWrite, id: string): Promise<void> {
    if (values.domains !== undefined) {
      const domains = canonicalDomains(values.domains) as string[];
      if (row !== null) await this.providers.keepDomains(id, domains, tx);
      if (isOperator(actor, row === null ? 'create' : 'update')) await this.providers.proveDomains(id, domains, tx);
    }
    const { enforced, enabled, domains } = values;
    const concerned = [enforced, enabled, domains].some((value) => value !== undefined);
    if (concerned && isEffective({ ...row, ...values })) await this.enforcement.endOthers(tx, id, actor.id);
  }

  /** Asks before addresses sign in with the provider only that did not have to until now. */
  private async confirmEnforcement({ actor, row, values, confirmed, tx }: ProviderWrite): Promise<void> {
    const next = { ...row, ...values };
    if (!isEffective(next)) return;
    const proven = row === null ? [] : await this.providers.provenDomains(row.id, tx);
    const wanted = canonicalDomains(next.domains ?? []) as string[];
    const isOwn = isOperator(actor, row === null ? 'create' : 'update');
    const after = isOwn && values.domains !== undefined ? wanted : wanted.filter((domain) => proven.includes(domain));
    const wasEffective = row !== null && isEffective(row);
    const domains = wasEffective ? after.filter((domain) => !proven.includes(domain)) : after;
    if (wasEffective && domains.length === 0) return;
    await this.enforcement.confirm(tx, { providerId: row?.id ?? null, domains }, confirmed);
  }

  private checkDomain({ declared, domains }: IdentityProvider, domain: string): void {
    if (declared) throw apiError('forbidden', 'IDENTITY_PROVIDERS_FILE declares this provider, and proves its domains');
    if (domains.includes(domain)) return;
    throw apiError('validation_failed', 'The domain is not one of the provider: add it to "domains" first', {
      pointer: '/domain',
    });
  }

  private issuerErrors({ kind, issuer }: Partial<IdentityProvider>): ErrorObject[] {
    const preset = kind === undefined ? undefined : KINDS[kind];
    if (!preset?.fixedIssuer || issuer == null || issuer === preset.issuer) return [];
    return [brokenRule('not_allowed', attributeField('issuer'), { allowed: [preset.issuer ?? ''] })];
  }

  private urlErrors(property: string, url: string | null | undefined): ErrorObject[] {
    try {
      if (url != null) this.outbound.check(url);
      return [];
    } catch (error) {
      if (error instanceof OutboundError) return [urlError(property, error.message)];
      throw error;
    }
  }

  /** Accounts that join never get every right. */
  private defaultRoleErrors(name: string | null | undefined): ErrorObject[] {
    const everything = this.roles.fullAccessNames();
    const allowed = this.roles.assignable().filter((role) => !everything.includes(role));
    if (name == null || allowed.includes(name)) return [];
    return [brokenRule('not_allowed', attributeField('default_role'), { allowed })];
  }

  /** `join: domain` and `enforced` apply to proven domains. What an operator sets is proven. */
  private async provenErrors(
    actor: Actor,
    row: IdentityProvider | null,
    { join, enforced, domains = [] }: Partial<IdentityProvider>,
    tx: ProviderWrite['tx'],
  ): Promise<ErrorObject[]> {
    const needing = [...(join === 'domain' ? ['join'] : []), ...(enforced === true ? ['enforced'] : [])];
    if (needing.length === 0) return [];
    const proven = row === null ? [] : await this.providers.provenDomains(row.id, tx);
    const isProven = (domain: string): boolean => proven.includes(domain);
    if (isOperator(actor, row === null ? 'create' : 'update') ? domains.length > 0 : domains.some(isProven)) return [];
    return needing.map((name) => brokenRule(['needs_domains', PROVIDER_RULES.needs_domains], attributeField(name)));
  }

  /** `meta.records` has the DNS records that prove the domains which are not proven yet. */
  private async withRecords(item: Item): Promise<Item> {
    const records = await this.proofs.records(item.row.id);
    return records.length === 0 ? item : withMeta(item, new Map([['records', records]]));
  }
}

/** Whether addresses of its proven domains sign in with a provider only. */
const isEffective = ({ enforced = false, enabled = true }: Partial<IdentityProvider>): boolean => enforced && enabled;

const NO_ENDPOINTS = { authorizationEndpoint: null, tokenEndpoint: null, userinfoEndpoint: null };
