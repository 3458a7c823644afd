import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, Unique, VersionColumn } from 'typeorm';
import { Account } from '../../accounts/account.entity.js';
import { SORTED, TIME } from '../../json-api/resource/field-types.js';

/** A browser on which an account signs in by password without a second factor. */
@Entity('trusted_devices')
@Unique(['hash'])
@Index(['accountId'])
@Index(['expiresAt'])
export class TrustedDevice {
  @PrimaryColumn('uuid') id!: string;

  @Column('uuid')
  @ForeignKey(() => Account, { onDelete: 'CASCADE' })
  accountId!: string;

  /** SHA-256 of the token in its cookie. */
  @Column({ type: 'char', length: 64 }) hash!: string;

  @Column({
    type: 'varchar',
    length: 100,
    comment: 'The browser and the system, such as `Firefox, Windows`',
    ...SORTED,
  })
  name!: string;

  /** Version of the password when it was trusted. With another one it is trusted no longer. */
  @Column('integer') passwordVersion!: number;

  /** Version of the second factors when it was trusted. With another one it is trusted no longer. */
  @Column('integer') factorVersion!: number;

  @CreateDateColumn({ ...TIME, comment: 'When it was trusted' }) createdAt!: Date;

  @Column({ ...TIME, nullable: true, comment: 'When it last took the place of a second factor' })
  lastUsedAt!: Date | null;

  @Column({ ...TIME, comment: 'Until when it is trusted' }) expiresAt!: Date;

  @VersionColumn({ default: 1 }) version!: number;
}
