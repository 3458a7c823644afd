import { IsNotEmpty } from '../json-api/resource/class-validator.js';
import { Column, CreateDateColumn, Entity, Index, PrimaryColumn, UpdateDateColumn, VersionColumn } from 'typeorm';
import { NoControlCharacters, Trimmed } from '../json-api/resource/validation-rules.js';
import { FOLDED, SORTED, TIME } from '../json-api/resource/field-types.js';

/** A group of accounts. */
@Entity('organizations')
@Index(['name', 'id'])
@Index(['createdAt', 'id'])
@Index(['updatedAt', 'id'])
@Index('organizations_name_folded_idx', { synchronize: false })
export class Organization {
  @PrimaryColumn('uuid') id!: string;

  @Column({ type: 'varchar', length: 200, comment: 'Name as shown to people', ...SORTED })
  @Trimmed()
  @IsNotEmpty()
  @NoControlCharacters()
  name!: string;
  @Column(FOLDED) readonly nameFolded!: string;

  @Column({ type: 'boolean', default: false, comment: 'Whether its accounts must have a second factor' })
  mfaRequired!: boolean;

  @CreateDateColumn({ ...TIME, comment: 'When the organization was created' }) createdAt!: Date;
  @UpdateDateColumn({ ...TIME, comment: 'When it was last changed' }) updatedAt!: Date;
  /** When a job began to delete it. It is in no actor's scope since then. */
  @Column({ ...TIME, nullable: true }) deletionStartedAt!: Date | null;
  @VersionColumn({ default: 1 }) version!: number;
}
