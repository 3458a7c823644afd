import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Account } from '../../accounts/account.entity.js';
import { TIME } from '../../json-api/resource/field-types.js';

/** A recovery code that was not used. All codes of an account were made at once, with one salt. */
@Entity('account_recovery_codes')
export class RecoveryCode {
  @PrimaryColumn('uuid') id!: string;

  @Column('uuid')
  @ForeignKey(() => Account, { onDelete: 'CASCADE' })
  @Index()
  accountId!: string;

  /** scrypt (RFC 7914) of the code: `cost.salt.hash`. */
  @Column({ type: 'varchar', length: 100 }) hash!: string;

  @CreateDateColumn({ ...TIME }) createdAt!: Date;
}
