import { IsNotEmpty, ArrayMinSize } from '../json-api/resource/class-validator.js';
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
import type { RoleScope } from '../auth/authorization/actor.js';
import { SORTED, TIME } from '../json-api/resource/field-types.js';
import { NoControlCharacters, Trimmed } from '../json-api/resource/validation-rules.js';

/** The statuses of API keys, which are computed. */
export const KEY_STATUSES = ['active', 'expired', 'revoked'] as const;
export type KeyStatus = (typeof KEY_STATUSES)[number];

/** A credential of a machine, which may do a part of what the account that owns it may do. The key itself is not stored. */
@Entity('api_keys')
@Index(['accountId', 'id'])
@Index(['name', 'id'])
@Index(['keyLabel', 'id'])
@Index(['expiresAt', 'id'])
@Index(['revokedAt', 'id'])
@Index(['lastUsedAt', 'id'])
@Index(['createdBy', 'id'])
@Index(['createdAt', 'id'])
@Index(['updatedAt', 'id'])
@Index('api_keys_lower_name_idx', { synchronize: false })
export class ApiKey {
  @PrimaryColumn('uuid') id!: string;

  @Column({ type: 'varchar', length: 100, comment: 'What the key is for, as shown to people', ...SORTED })
  @Trimmed()
  @IsNotEmpty()
  @NoControlCharacters()
  name!: string;

  @Column({ type: 'uuid', comment: 'Account that owns the key, and whose rights bound it' })
  @ForeignKey(() => Account, { onDelete: 'CASCADE' })
  accountId!: string;

  @Column({ type: 'varchar', length: 255, array: true, comment: 'Rights such as `iam:accounts.read.org`' })
  @ArrayMinSize(1)
  permissions!: readonly string[];

  @Column({
    type: 'jsonb',
    nullable: true,
    comment: 'The part of the role scope of the owner that the key has; null for all of it',
  })
  roleScope!: RoleScope | null;

  @Column({
    type: 'varchar',
    length: 13,
    comment: 'The first 8 and the last 4 characters of the key',
    ...SORTED,
  })
  keyLabel!: string;

  @Column({ ...TIME, nullable: true, comment: 'When the key expires; null when it does not' })
  expiresAt!: Date | null;

  @Column({ ...TIME, nullable: true, comment: 'When the key was revoked' }) revokedAt!: Date | null;

  @Column({ ...TIME, nullable: true, comment: 'When the key was last used, to the minute' })
  lastUsedAt!: Date | null;

  /** Computed from `revokedAt` and `expiresAt`. Not a column. */
  status!: KeyStatus;

  /** When a mail said that the key expires soon. */
  @Column({ ...TIME, nullable: true }) reminderSentAt!: Date | null;

  /** No foreign key, since a key of a service outlives the account of the person who made it. */
  @Column({ type: 'uuid', nullable: true, comment: 'Account that made the key; null for an operator' })
  createdBy!: string | null;

  @CreateDateColumn({ ...TIME, comment: 'When the key was made' }) createdAt!: Date;
  @UpdateDateColumn({ ...TIME, comment: 'When it was last changed; its use changes nothing' }) updatedAt!: Date;
  @VersionColumn({ default: 1 }) version!: number;
}
