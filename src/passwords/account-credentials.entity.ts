import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** The password of an account. There is no row until a first password is set. */
@Entity('account_credentials')
export class AccountCredentials {
  /** Named by its entity's name: accounts import from passwords, not the other way round. */
  @PrimaryColumn('uuid')
  @ForeignKey('Account', { onDelete: 'CASCADE' })
  accountId!: string;

  /** Hash with its scheme as prefix; null when the password was removed. */
  @Column({ type: 'text', nullable: true }) hashedPassword!: string | null;

  /** Incremented with every new password, not with a new hash of the same password. */
  @Column({ type: 'integer', default: 1 }) version!: number;
}
