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
import { Account } from '../../accounts/account.entity.js';
import { SORTED, TIME } from '../../json-api/resource/field-types.js';
import { IdentityProvider } from '../providers/identity-provider.entity.js';

/**
 * What linked an identity to its account: a vouched for invitation, a join by domain, a mailed proof, or the owner's own
 * fresh session.
 */
export const LINKED_BY = ['invitation', 'domain', 'mail', 'session'] as const;
export type LinkedBy = (typeof LINKED_BY)[number];

/** An account at a provider that signs in to an account here: provider, issuer and subject, never an e-mail. */
@Entity('account_identities')
@Unique(['providerId', 'issuer', 'subject'])
@Index(['accountId', 'id'])
@Index(['issuer', 'id'])
@Index(['subject', 'id'])
@Index(['createdAt', 'id'])
@Index(['lastUsedAt', 'id'])
export class AccountIdentity {
  @PrimaryColumn('uuid') id!: string;

  @Column({ type: 'uuid', comment: 'Account that it signs in to' })
  @ForeignKey(() => Account, { onDelete: 'CASCADE' })
  accountId!: string;

  @Column('uuid')
  @ForeignKey(() => IdentityProvider, { onDelete: 'CASCADE' })
  providerId!: string;

  @Column({ type: 'varchar', length: 500, comment: 'Issuer of its ID tokens', ...SORTED })
  issuer!: string;

  @Column({ type: 'varchar', length: 255, comment: 'Its id at the issuer', ...SORTED })
  subject!: string;

  @Column({
    type: 'varchar',
    length: 254,
    nullable: true,
    comment: 'E-mail that the provider said last; proves nothing',
    ...SORTED,
  })
  email!: string | null;

  @Column({
    type: 'varchar',
    length: 20,
    enum: LINKED_BY,
    comment: 'What linked it: `invitation`, `domain`, `mail`, `session`',
    ...SORTED,
  })
  linkedBy!: LinkedBy;

  @CreateDateColumn({ ...TIME, comment: 'When it was linked' }) createdAt!: Date;
  @UpdateDateColumn({ ...TIME, comment: 'When it was last changed' }) updatedAt!: Date;

  @Column({ ...TIME, nullable: true, comment: 'When it last signed in' })
  lastUsedAt!: Date | null;

  @VersionColumn({ default: 1 }) version!: number;

  /** Slug of the provider. Not a column. */
  provider!: string;
}

/** How a session came from a provider, for its end there. Its id is that of the session. */
@Entity('identity_provider_sessions')
@Index(['providerId', 'sid'])
@Index(['providerId', 'subject'])
export class IdentityProviderSession {
  @PrimaryColumn('uuid')
  @ForeignKey('AccountSession', { onDelete: 'CASCADE' })
  id!: string;

  @Column('uuid')
  @ForeignKey(() => IdentityProvider, { onDelete: 'CASCADE' })
  providerId!: string;

  @Column({ type: 'varchar', length: 500 }) issuer!: string;
  @Column({ type: 'varchar', length: 255 }) subject!: string;

  /** Id of the session at the provider (OpenID Connect Front-Channel Logout). */
  @Column({ type: 'varchar', length: 255, nullable: true }) sid!: string | null;

  /** Sealed by `SecretBox`: what the provider recognizes the session by when it is ended there. */
  @Column({ type: 'text', nullable: true }) idToken!: string | null;
}
