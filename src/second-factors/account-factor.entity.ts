import { IsNotEmpty } from '../json-api/resource/class-validator.js';
import {
  Column,
  CreateDateColumn,
  Entity,
  ForeignKey,
  Index,
  PrimaryColumn,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';
import { Account } from '../accounts/account.entity.js';
import { SORTED, TIME } from '../json-api/resource/field-types.js';
import { NoControlCharacters, Trimmed } from '../json-api/resource/validation-rules.js';

/** A second factor of an account that computes codes (TOTP, RFC 6238). It counts once a code of it was shown. */
@Entity('account_factors')
@Index(['accountId', 'id'])
@Index(['kind', 'id'])
@Index(['createdAt', 'id'])
export class AccountFactor {
  @PrimaryColumn('uuid') id!: string;

  @Column({ type: 'uuid', comment: 'Account that it belongs to' })
  @ForeignKey(() => Account, { onDelete: 'CASCADE' })
  accountId!: string;

  @Column({ type: 'varchar', length: 20, default: 'totp', comment: 'What it is: `totp`', ...SORTED })
  kind!: string;

  @Column({ type: 'varchar', length: 100, comment: 'What its owner calls it, such as a phone', ...SORTED })
  @Trimmed()
  @IsNotEmpty()
  @NoControlCharacters()
  name!: string;

  /** The key, as `SecretBox` sealed it. */
  @Column({ type: 'text' }) secret!: string;

  /** Number of the step (RFC 6238, section 4) of the last code that was accepted. No code of it or of an earlier one is accepted again. */
  @Column({ type: 'bigint', nullable: true }) lastStep!: string | null;

  @Column({ ...TIME, nullable: true, comment: 'When its first code was shown; until then it does not count' })
  confirmedAt!: Date | null;

  @Column({ ...TIME, nullable: true, comment: 'When a code of it was last accepted' })
  lastUsedAt!: Date | null;

  @CreateDateColumn({ ...TIME, comment: 'When it was added' }) createdAt!: Date;
  @UpdateDateColumn({ ...TIME, comment: 'When it was last changed' }) updatedAt!: Date;
  @VersionColumn({ default: 1 }) version!: number;
}
