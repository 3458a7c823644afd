import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { TIME } from '../json-api/resource/field-types.js';
import type { TokenPurpose } from './token-purposes.js';

/** State that can be used once: a mailed token, or a step between two requests of a client. Only a hash of its secret is stored. */
@Entity('one_time_tokens')
@Unique(['hash'])
@Index('one_time_tokens_reserved_email_key_idx', { synchronize: false })
export class OneTimeToken {
  @PrimaryColumn('uuid') id!: string;

  /** SHA-256 of the token, in hexadecimal; see `hashToken`. */
  @Column({ type: 'varchar', length: 64 }) hash!: string;

  /** The only operation that the token authorizes. */
  @Column({ type: 'varchar', length: 40 }) purpose!: TokenPurpose;

  /** Null where the account is not known yet, as during a sign-in. Named by its entity's name: accounts import from here. */
  @Column({ type: 'uuid', nullable: true })
  @ForeignKey('Account', { onDelete: 'CASCADE' })
  @Index()
  accountId!: string | null;

  /** The account that issued it, such as the one that invites. Not a foreign key: it may be deleted while the token is valid. */
  @Column({ type: 'uuid', nullable: true }) issuedBy!: string | null;

  /** SHA-256 of a cookie: the token is valid in that browser only. */
  @Column({ type: 'varchar', length: 64, nullable: true }) browserHash!: string | null;

  /** JSON that `SecretBox` sealed; see `TokenData`. */
  @Column({ type: 'text', nullable: true }) data!: string | null;

  /** Key of an e-mail that no other account can take while the token is valid, which a trigger of `accounts` enforces. */
  @Column({ type: 'varchar', length: 320, nullable: true }) reservedEmailKey!: string | null;

  @Column({ ...TIME })
  @Index()
  expiresAt!: Date;

  @CreateDateColumn({ ...TIME }) createdAt!: Date;
}
