import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { TIME } from '../json-api/resource/field-types.js';

/** The only operation that a token authorizes. */
export type TokenPurpose = 'invitation' | 'reset';

/** A token that was mailed to the owner of an account. An account may have several. */
@Entity('account_tokens')
@Unique(['hash'])
export class AccountToken {
  @PrimaryColumn('uuid') id!: string;

  /** SHA-256 of the token, in hexadecimal; see `hashToken`. */
  @Column({ type: 'varchar', length: 64 }) hash!: string;

  @Column('uuid')
  @ForeignKey('Account', { onDelete: 'CASCADE' })
  @Index()
  accountId!: string;

  @Column({ type: 'varchar', length: 20 }) purpose!: TokenPurpose;

  /** The account that invites. Not a foreign key: it may be deleted while the invitation is valid. */
  @Column({ type: 'uuid', nullable: true }) issuedBy!: string | null;

  @Column({ ...TIME })
  @Index()
  expiresAt!: Date;

  @CreateDateColumn({ ...TIME }) createdAt!: Date;
}
