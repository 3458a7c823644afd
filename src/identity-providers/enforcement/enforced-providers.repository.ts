import { Injectable } from '@nestjs/common';
import {
  domainOf,
  FederatedAccountsRepository,
  isExempt,
  isOfDomains,
} from '../../accounts/federated/federated-accounts.repository.js';
import type { RestrictedSession } from '../../auth/sessions/session-restrictions.js';
import { type Sql, sql, type Transaction } from '../../json-api/sql/sql.js';

/** A provider that addresses of its domains sign in with, and nothing else. */
export interface EnforcedProvider {
  readonly id: string;
  readonly slug: string;
}

/** The accounts that enforcing a provider affects. */
export interface Affected {
  /** Accounts of people that are enabled, and have an address of the domains. */
  readonly accounts: number;
  /** How many of them have no identity at the provider yet. */
  readonly without_identity: number;
}

/**
 * The condition, in SQL, that an account signs in with an enforced provider only.
 * @param account its id
 * @param exceptId a provider that does not count
 */
export const isEnforcedFor = (account: Sql, exceptId: Sql = sql`NULL::uuid`): Sql =>
  isOfDomains(
    account,
    sql`SELECT proven.domain FROM identity_provider_domains proven JOIN identity_providers required
        ON required.id = proven.provider_id
        WHERE required.enforced AND required.enabled AND required.id IS DISTINCT FROM ${exceptId}`,
  );

/** The condition, in SQL, that a provider has proven the domain of an e-mail, whether it is enforced or not. */
export const isOfProvenDomain = (emailKey: Sql): Sql => sql`EXISTS (
  SELECT FROM identity_provider_domains proven WHERE proven.domain = split_part(${emailKey}, '@', -1))`;

/** Which addresses sign in with an identity provider only. */
@Injectable()
export class EnforcedProvidersRepository {
  constructor(private readonly accounts: FederatedAccountsRepository) {}

  /** The enforced provider of an e-mail, whether an account has it or not; undefined where none is enforced for it. */
  async ofEmail(emailKey: string, database: Pick<Transaction, 'query'>): Promise<EnforcedProvider | undefined> {
    return (await this.find(emailKey, sql``, database))[0];
  }

  /**
   * The same for a session that is about to start. A provider that is enforced meanwhile waits until the session is
   * there, and ends it.
   */
  async lockOfEmail(emailKey: string, tx: Transaction): Promise<EnforcedProvider | undefined> {
    return (await this.find(emailKey, sql`FOR SHARE OF provider`, tx))[0];
  }

  /** The condition, in SQL, that a session is one of an address that signs in with another provider than it came from. */
  stops({ id, account }: RestrictedSession): Sql {
    return sql`NOT ${account}.break_glass AND EXISTS (
      SELECT FROM identity_provider_domains proven JOIN identity_providers provider ON provider.id = proven.provider_id
      WHERE proven.domain = ${domainOf(account)} AND provider.enforced AND provider.enabled AND NOT EXISTS (
        SELECT FROM identity_provider_sessions origin WHERE origin.id = ${id} AND origin.provider_id = provider.id))`;
  }

  /** The condition, in SQL, that an account has an address of a proven domain of the provider. */
  isOfProvider(providerId: string): (account: Sql) => Sql {
    return (account) => sql`${domainOf(account)} IN (
      SELECT own.domain FROM identity_provider_domains own WHERE own.provider_id = ${providerId})`;
  }

  /** The accounts that enforcing a provider for these domains affects. @param providerId null for one that is about to be created */
  async affected(domains: readonly string[], providerId: string | null, tx: Transaction): Promise<Affected> {
    const isLinked = (account: Sql): Sql => sql`EXISTS (
      SELECT FROM account_identities identity
      WHERE identity.account_id = ${account}.id AND identity.provider_id = ${providerId}::uuid)`;
    const { all, linked } = await this.accounts.countOfDomains(domains, isLinked, tx);
    return { accounts: all, without_identity: all - linked };
  }

  /** Locked, whether enforced or not: who enforces it meanwhile is seen. */
  private async find(emailKey: string, lock: Sql, database: Pick<Transaction, 'query'>): Promise<EnforcedProvider[]> {
    const rows = await database.query<EnforcedProvider & { readonly enforced: boolean }>(sql`
      SELECT provider.id, provider.slug, provider.enforced AND provider.enabled AS enforced
      FROM identity_provider_domains proven JOIN identity_providers provider ON provider.id = proven.provider_id
      WHERE proven.domain = ${emailKey.slice(emailKey.lastIndexOf('@') + 1)} AND NOT ${isExempt(emailKey)}
      ${lock}`);
    return rows.filter(({ enforced }) => enforced);
  }
}
