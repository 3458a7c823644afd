import { IsNotEmpty } from '../json-api/resource/class-validator.js';
import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, Unique, VersionColumn } from 'typeorm';
import { Account } from '../accounts/account.entity.js';
import { SORTED, TIME } from '../json-api/resource/field-types.js';
import { NoControlCharacters, Trimmed } from '../json-api/resource/validation-rules.js';

/** A passkey of an account: a discoverable credential, of which the service has the public key (WebAuthn, 4). */
@Entity('account_passkeys')
@Unique(['credentialId'])
@Index(['accountId'])
export class AccountPasskey {
  @PrimaryColumn('uuid') id!: string;

  @Column('uuid')
  @ForeignKey(() => Account, { onDelete: 'CASCADE' })
  accountId!: string;

  @Column({ type: 'varchar', length: 100, comment: 'Name that the owner gave it', ...SORTED })
  @Trimmed()
  @IsNotEmpty()
  @NoControlCharacters()
  name!: string;

  /** At most 1,023 bytes (WebAuthn, 5.4.3). */
  @Column('bytea') credentialId!: Buffer;

  /** COSE_Key (RFC 9052, 7). */
  @Column('bytea') publicKey!: Buffer;

  /** Signature counter of its last use; 0 for ever where the authenticator counts none. 32 bits without sign. */
  @Column({ type: 'bigint', default: 0 }) signCount!: string;

  /** How browsers reach the authenticator, such as `internal` or `usb`: hints for the next time. */
  @Column({ type: 'varchar', length: 20, array: true, default: [] }) transports!: string[];

  /** Whether it may be synced to other devices; a key that may not is bound to one device. */
  @Column('boolean') backupEligible!: boolean;

  @Column({ type: 'boolean', comment: 'Whether it is synced to other devices, as of its last use' })
  backedUp!: boolean;

  @CreateDateColumn({ ...TIME, comment: 'When the passkey was added' }) createdAt!: Date;

  @Column({ ...TIME, nullable: true, comment: 'When it was last used; null if never' }) lastUsedAt!: Date | null;

  @VersionColumn({ default: 1 }) version!: number;
}
