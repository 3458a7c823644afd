import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** The password of an account. There is no row until a first password is set. */
@Entity('account_credentials')
export class AccountCredentials {
  /** Named by its entity's name: accounts import from passwords, not the other way round. */
  @PrimaryColumn('uuid')
  @ForeignKey('Account', { onDelete: 'CASCADE' })
  accountId!: string;

  /** Hash with the scheme in front; null where the password was voided. */
  @Column({ type: 'text', nullable: true }) hashedPassword!: string | null;

  /** Raised by every new password, not by a new hash of the same one. */
  @Column({ type: 'integer', default: 1 }) version!: number;
}
