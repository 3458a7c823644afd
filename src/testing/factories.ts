import type { Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Secret } from 'otpauth';
import { DataSource, type DeepPartial, type EntityMetadata, type ObjectLiteral } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Account } from '../accounts/account.entity.js';
import { emailKey } from '../auth/email-key.js';
import { ActorCache } from '../auth/sessions/actor-loader.js';
import { SecretBox } from '../auth/tokens/secrets.js';
import { Membership } from '../organizations/membership.entity.js';
import { Organization } from '../organizations/organization.entity.js';
import { AccountCredentials } from '../passwords/account-credentials.entity.js';
import { PasswordHasher } from '../passwords/hashing/password.hasher.js';
import { AccountFactor } from '../second-factors/account-factor.entity.js';
import { FACTOR_SECRET } from '../second-factors/totp/account-factors.repository.js';
import { PASSWORD } from './test-environment.js';
import { authenticatorOf, type NextCode } from './authenticators.js';

/** An account that the kit created. */
export interface TestAccount {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly password: string;
}

/** An organization that the kit created. */
export interface TestOrganization {
  readonly id: string;
  readonly name: string;
}

/** A resource by its id, or the id itself. */
export type Identified = string | { readonly id: string };

/** What a new account is like; everything has a default. */
export interface AccountOptions {
  readonly name?: string;
  readonly email?: string;
  /** `user` by default. */
  readonly role?: string;
  /** The organization that it is a member of, or several. */
  readonly of?: Identified | readonly Identified[];
  /** True by default. */
  readonly enabled?: boolean;
  /** False leaves it invited: it has not joined, and has no password. */
  readonly joined?: boolean;
  /** More properties of the entity. */
  readonly set?: Partial<Account>;
}

/** The id of a resource. */
export const idOf = (one: Identified): string => (typeof one === 'string' ? one : one.id);

/**
 * Creates rows behind the service's back, by way of the entities: without rights, events, mails or lines in the audit
 * trail. What a test is about it does through the API; what it needs before that comes from here.
 */
export class Factories {
  private readonly dataSource: DataSource;
  private readonly hasher: PasswordHasher;
  private readonly actors: ActorCache;
  private readonly secrets: SecretBox;
  private count = 0;
  private hash: Promise<string> | undefined;

  constructor(nest: NestFastifyApplication) {
    this.dataSource = nest.get(DataSource);
    this.hasher = nest.get(PasswordHasher, { strict: false });
    this.secrets = nest.get(SecretBox, { strict: false });
    this.actors = nest.get(ActorCache, { strict: false });
  }

  /** An organization. */
  organization({
    name = `Organization ${++this.count}`,
    ...set
  }: Partial<Organization> = {}): Promise<TestOrganization> {
    return this.row(Organization, { ...set, name });
  }

  /** An account: by default an enabled user who has joined, whose password is `PASSWORD`. */
  async account(options: AccountOptions = {}): Promise<TestAccount> {
    const number = ++this.count;
    const { name = `Person ${number}`, role = 'user', of = [], enabled = true, joined = true, set } = options;
    const { email = `person-${number}-${uuidv7()}@example.com` } = options;
    const joinedAt = joined ? new Date() : null;
    const key = emailKey(email);
    const { id } = await this.row(Account, { joinedAt, ...set, name, email, emailKey: key, roleName: role, enabled });
    if (joined) await this.row(AccountCredentials, { accountId: id, hashedPassword: await this.hashedPassword() });
    for (const organization of [of].flat()) await this.member(organization, id);
    return { id, email, name, password: PASSWORD };
  }

  /** Of every account. It is hashed once. */
  private hashedPassword(): Promise<string> {
    return (this.hash ??= this.hasher.hash(PASSWORD));
  }

  /** Makes an account a member of an organization. */
  async member(organization: Identified, account: Identified): Promise<void> {
    await this.row(Membership, { organizationId: idOf(organization), accountId: idOf(account) });
  }

  /**
   * Gives an account a second factor, a confirmed authenticator app, and returns what gives its next code. Sessions that it
   * has go on, and need `POST /auth/reauthenticate` for sensitive operations.
   */
  async totp(account: Identified): Promise<NextCode> {
    const key = new Secret({ size: 20 }).base32;
    const secret = this.secrets.seal(FACTOR_SECRET, key);
    await this.row(AccountFactor, { accountId: idOf(account), name: 'Phone', secret, confirmedAt: new Date() });
    return authenticatorOf(key);
  }

  /**
   * A row of any entity, also of an extension: `row(Team, { name: 'Blue', organizationId })`. An id that is missing is
   * made (UUIDv7), other columns have their defaults.
   * @returns the row as it was stored
   * @throws what the driver throws when a constraint is broken
   */
  async row<Entity extends ObjectLiteral>(entity: Type<Entity>, values: DeepPartial<NoInfer<Entity>>): Promise<Entity> {
    const repository = this.dataSource.getRepository(entity);
    const row = repository.create({ ...newIds<Entity>(repository.metadata), ...values });
    // An entity's own types cannot be followed through a generic insert.
    await repository.insert(row as Parameters<typeof repository.insert>[0]);
    // The service may know an actor to whom the row belongs.
    this.actors.forgetAll();
    return repository.findOneByOrFail(
      repository.metadata.getEntityIdMap(row) as Parameters<typeof repository.findOneByOrFail>[0],
    );
  }
}

function newIds<Entity>({ primaryColumns }: EntityMetadata): DeepPartial<Entity> {
  const missing = primaryColumns.filter(({ type, isGenerated }) => type === 'uuid' && !isGenerated);
  return Object.fromEntries(missing.map(({ propertyName }) => [propertyName, uuidv7()])) as DeepPartial<Entity>;
}
