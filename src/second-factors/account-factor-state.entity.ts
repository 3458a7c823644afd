import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Account } from '../accounts/account.entity.js';

/** How often the second factors of an account were changed. There is no row for one that never had any. */
@Entity('account_factor_states')
export class AccountFactorState {
  @PrimaryColumn('uuid')
  @ForeignKey(() => Account, { onDelete: 'CASCADE' })
  accountId!: string;

  /** Incremented with every change, by which trusted devices are bound. */
  @Column('integer') version!: number;
}
