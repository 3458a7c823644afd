import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Account } from '../accounts/account.entity.js';
import { TIME } from '../json-api/resource/field-types.js';

/** Failed attempts at the codes of an account. There is no row where the last attempt succeeded. */
@Entity('factor_attempts')
export class FactorAttempt {
  @PrimaryColumn('uuid')
  @ForeignKey(() => Account, { onDelete: 'CASCADE' })
  accountId!: string;

  /** `totp` or `recovery_code`, which are counted separately. */
  @PrimaryColumn({ type: 'varchar', length: 20 }) method!: string;

  /** Attempts since the last success or lock, those included whose result is not known yet. */
  @Column('smallint') failures!: number;

  /** How often it was locked since the last success. */
  @Column('smallint') locks!: number;

  @Column({ ...TIME, nullable: true }) lockedUntil!: Date | null;
}
