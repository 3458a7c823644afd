import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { TIME } from '../../json-api/resource/field-types.js';

/**
 * A change that makes every instance drop an account from its cache: a session ended, or the role, the
 * scope or `enabled` changed. Rows are swept after minutes; nothing but the feed reads them.
 */
@Entity('auth_changes')
export class AuthChange {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid') accountId!: string;
  /**
   * The transaction that wrote it, as `pg_current_xact_id()` numbers it: the feed asks for what was committed since its
   * last snapshot.
   */
  @Column('bigint', { default: () => 'current_transaction_id()' })
  @Index()
  transactionId!: string;

  /** By the database's clock, when the row was written, which is a little before it can be seen. */
  @Column({ ...TIME, default: () => 'clock_timestamp()' })
  @Index()
  createdAt!: Date;
}
