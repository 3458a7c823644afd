import { IsNotEmpty, Matches } from '../../json-api/resource/class-validator.js';
import {
  Column,
  CreateDateColumn,
  Entity,
  ForeignKey,
  Index,
  PrimaryColumn,
  Unique,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';
import { SORTED, TIME } from '../../json-api/resource/field-types.js';
import { AtMostCharacters, NoControlCharacters, Trimmed } from '../../json-api/resource/validation-rules.js';
import { Organization } from '../../organizations/organization.entity.js';
import { type ClaimNames, PROVIDER_KINDS, type ProviderKind } from './provider-kinds.js';

/** Who may join by signing in: `invited` accounts; every user with an address of a proven `domain`; or `never`. */
export const JOIN_RULES = ['invited', 'domain', 'never'] as const;
export type JoinRule = (typeof JOIN_RULES)[number];

/** Reserved slugs: in `meta.methods` and in paths they have another meaning. */
export const SLUG = /^(?!(?:exchange|passkey|password|totp)$)[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?$/;

const URL_LENGTH = 500;
const ENDPOINT = { type: 'varchar', length: URL_LENGTH, nullable: true } as const;

/** A provider that accounts sign in with, by OpenID Connect or OAuth 2.0. */
@Entity('identity_providers')
@Unique(['slug'])
@Index(['slug', 'id'])
@Index(['name', 'id'])
@Index(['kind', 'id'])
@Index(['organizationId', 'id'])
@Index(['createdAt', 'id'])
@Index(['updatedAt', 'id'])
export class IdentityProvider {
  @PrimaryColumn('uuid') id!: string;

  @Column({ type: 'varchar', length: 60, comment: 'Its name in addresses, such as `acme`', ...SORTED })
  @Matches(SLUG, {
    message: 'must be lower-case letters, digits and hyphens, and neither begin nor end with a hyphen',
    context: { rule: 'format', parameters: { expected: 'slug' } },
  })
  slug!: string;

  @Column({ type: 'varchar', length: 100, comment: 'Name as shown on buttons', ...SORTED })
  @Trimmed()
  @IsNotEmpty()
  @NoControlCharacters()
  name!: string;

  @Column({ type: 'varchar', length: 20, enum: PROVIDER_KINDS, comment: 'Protocol, or preset', ...SORTED })
  kind!: ProviderKind;

  @Column({ ...ENDPOINT, comment: 'Issuer identifier (OpenID Connect Discovery); presets have one' })
  @Trimmed()
  issuer!: string | null;

  @Column({ type: 'varchar', length: 500, comment: 'Id of this service at the provider' })
  @Trimmed()
  @IsNotEmpty()
  @NoControlCharacters()
  clientId!: string;

  /** Sealed by `SecretBox`; null for a public client. */
  @Column({ type: 'text', nullable: true, comment: 'Secret of this service at the provider; never shown' })
  @AtMostCharacters(2_000)
  clientSecret!: string | null;

  @Column({
    type: 'varchar',
    length: 100,
    array: true,
    default: [],
    comment: 'Scopes that are asked for; empty for those of the kind',
  })
  @Matches(/^[\x21\x23-\x5b\x5d-\x7e]+$/, {
    each: true,
    message: 'must be scopes (RFC 6749, 3.3)',
    context: { rule: 'format', parameters: { expected: 'scopes' } },
  })
  scopes!: string[];

  @Column({
    type: 'jsonb',
    default: {},
    comment: 'Names of claims that differ from `sub`, `email`, `email_verified`, `name`',
  })
  claims!: ClaimNames;

  @Column({ ...ENDPOINT, comment: 'For `oauth2`: where people sign in' })
  @Trimmed()
  authorizationEndpoint!: string | null;

  @Column({ ...ENDPOINT, comment: 'For `oauth2`: where codes are exchanged' })
  @Trimmed()
  tokenEndpoint!: string | null;

  @Column({ ...ENDPOINT, comment: 'For `oauth2`: where the claims come from' })
  @Trimmed()
  userinfoEndpoint!: string | null;

  @Column({ type: 'uuid', nullable: true, comment: 'Organization whose accounts it is for; null for all accounts' })
  @ForeignKey(() => Organization, { onDelete: 'CASCADE' })
  organizationId!: string | null;

  @Column({ type: 'varchar', length: 253, array: true, default: [], comment: 'Domains of e-mails that it vouches for' })
  domains!: string[];

  @Column({
    type: 'boolean',
    default: false,
    comment: 'Whether its e-mails count as verified without `email_verified`',
  })
  trustEmail!: boolean;

  @Column({ type: 'boolean', default: false, comment: 'Whether `mfa` in its `amr` counts as a second factor' })
  trustMfa!: boolean;

  @Column({
    type: 'varchar',
    length: 20,
    enum: JOIN_RULES,
    default: 'invited',
    comment: 'Who may join by signing in: `invited`, `domain`, `never`',
  })
  join!: JoinRule;

  @Column({
    type: 'varchar',
    length: 100,
    nullable: true,
    comment: 'Role of accounts that join by domain; null for the default',
  })
  defaultRole!: string | null;

  /** Rank of the role of the actor who set `defaultRole`: the maximum for new accounts, whatever the roles file says later. */
  @Column({ type: 'integer', default: 0 }) roleCeiling!: number;

  @Column({ type: 'boolean', default: false, comment: 'Whether addresses of its proven domains sign in with it only' })
  enforced!: boolean;

  @Column({ type: 'boolean', default: true, comment: 'Whether it can be signed in with' })
  enabled!: boolean;

  @Column({
    type: 'boolean',
    default: false,
    comment: 'Whether IDENTITY_PROVIDERS_FILE declares it, so that it is read-only',
  })
  declared!: boolean;

  /** Whether the file ever declared it: where it is declared again, its row is used again. */
  @Column({ type: 'boolean', default: false }) fromFile!: boolean;

  @CreateDateColumn({ ...TIME, comment: 'When the provider was created' }) createdAt!: Date;
  @UpdateDateColumn({ ...TIME, comment: 'When it was last changed' }) updatedAt!: Date;
  @VersionColumn({ default: 1 }) version!: number;

  /** The domains that are proven. Not a column. */
  verifiedDomains!: string[];
}

/** A proven domain; it belongs to one provider. */
@Entity('identity_provider_domains')
export class IdentityProviderDomain {
  /** In ASCII form, lower case. */
  @PrimaryColumn({ type: 'varchar', length: 253 }) domain!: string;

  @Column('uuid')
  @ForeignKey(() => IdentityProvider, { onDelete: 'CASCADE' })
  @Index()
  providerId!: string;

  @CreateDateColumn({ ...TIME }) verifiedAt!: Date;
}
