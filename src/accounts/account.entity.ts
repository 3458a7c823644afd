import { IsEmail, IsNotEmpty, IsUrl, Matches } from '../json-api/resource/class-validator.js';
import {
  Column,
  CreateDateColumn,
  Entity,
  Index,
  PrimaryColumn,
  Unique,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';
import type { RoleScope } from '../auth/authorization/actor.js';
import { NoControlCharacters, Trimmed } from '../json-api/resource/validation-rules.js';
import { FOLDED, SORTED, TIME } from '../json-api/resource/field-types.js';

/** Who an account is for: a person who signs in, or a service that has API keys and nothing else. */
export const ACCOUNT_KINDS = ['person', 'service'] as const;
export type AccountKind = (typeof ACCOUNT_KINDS)[number];

/**
 * A person who can sign in, or is invited to, or a service; passwords and tokens are in the tables of `passwords/`. There is an index for every filter and sort of the resource definition; those
 * for `__match` and containment, which TypeORM cannot describe, are listed by name only (see the migration).
 */
@Entity('accounts')
@Unique(['emailKey'])
@Index(['kind', 'id'])
@Index(['name', 'id'])
@Index(['email', 'id'])
@Index(['ssoChannel', 'id'])
@Index(['enabled', 'id'])
@Index(['roleName', 'id'])
@Index(['pictureUrl', 'id'])
@Index(['locale', 'id'])
@Index(['joinedAt', 'id'])
@Index(['invitationExpiredAt', 'id'])
@Index(['createdAt', 'id'])
@Index(['updatedAt', 'id'])
@Index('accounts_email_domain_idx', { synchronize: false })
@Index('accounts_name_folded_idx', { synchronize: false })
@Index('accounts_email_folded_idx', { synchronize: false })
@Index('accounts_role_scope_extra_idx', { synchronize: false })
export class Account {
  @PrimaryColumn('uuid') id!: string;

  @Column({
    type: 'varchar',
    length: 20,
    enum: ACCOUNT_KINDS,
    default: 'person',
    comment: '`person`, or `service`: it has API keys, cannot sign in, and gets no mails',
    ...SORTED,
  })
  kind!: AccountKind;

  @Column({ type: 'varchar', length: 200, comment: 'Name as shown to people', ...SORTED })
  @Trimmed()
  @IsNotEmpty()
  @NoControlCharacters()
  name!: string;
  @Column(FOLDED) readonly nameFolded!: string;

  @Column({ type: 'varchar', length: 254, comment: 'E-mail address, as given', ...SORTED })
  @Trimmed()
  @IsEmail()
  email!: string;
  @Column(FOLDED) readonly emailFolded!: string;

  /** The e-mail folded so that look-alikes collide; see `emailKey`. */
  @Column({ type: 'varchar', length: 320 }) emailKey!: string;

  @Column({
    type: 'varchar',
    length: 200,
    nullable: true,
    comment: 'Single sign-on channel, if one set the account up',
    ...SORTED,
  })
  ssoChannel!: string | null;

  @Column({ type: 'boolean', default: true, comment: 'A disabled account cannot sign in' })
  enabled!: boolean;

  @Column({ type: 'varchar', length: 100, comment: 'Name of a role in the roles file', ...SORTED })
  @IsNotEmpty()
  roleName!: string;

  /** Whether the account signs in past an identity provider that is enforced. Only an operator says so. */
  @Column({ type: 'boolean', default: false }) breakGlass!: boolean;

  /** `role_scope` as clients see it, computed from memberships and `roleScopeExtra`. Not a column. */
  roleScope!: RoleScope;

  /** `role_scope` without `org`, which is stored in `memberships`. */
  @Column({ type: 'jsonb', default: {} }) roleScopeExtra!: RoleScope;

  /** A copy of the ids in `memberships`, in their order, which triggers of that table keep. */
  @Column({ type: 'uuid', array: true, default: '{}', select: false, insert: false, update: false })
  readonly organizationIds!: readonly string[];

  @Column({ type: 'varchar', length: 2048, nullable: true, comment: 'Address of a picture', ...SORTED })
  @Trimmed()
  @IsUrl({ protocols: ['http', 'https'], require_protocol: true, require_tld: false })
  // As RFC 3986 has it. An index holds at most 2704 bytes, so 2048 characters must not be more bytes than that.
  @Matches(/^[\x21-\x7e]*$/, {
    message: 'must percent-encode characters that are not ASCII',
    context: { rule: 'format', parameters: { expected: 'ascii_url' } },
  })
  pictureUrl!: string | null;

  @Column({
    type: 'varchar',
    length: 35,
    nullable: true,
    comment: 'Language of mails and pages, as a tag such as `de`; null for that of each request',
    ...SORTED,
  })
  locale!: string | null;

  @Column({ ...TIME, nullable: true, comment: 'When the invitation was accepted' })
  joinedAt!: Date | null;

  /** A copy of the token's expiry, which clients filter and sort by; the token's own expiry decides. */
  @Column({ ...TIME, nullable: true, comment: 'When the invitation ends' })
  invitationExpiredAt!: Date | null;

  @CreateDateColumn({ ...TIME, comment: 'When the account was created' }) createdAt!: Date;
  @UpdateDateColumn({ ...TIME, comment: 'When the account was last changed' }) updatedAt!: Date;
  @VersionColumn({ default: 1 }) version!: number;
}
