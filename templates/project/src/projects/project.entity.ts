import { IsNotEmpty } from 'class-validator';
import { NoControlCharacters, Organization, SORTED, TIME, Trimmed } from 'iam';
import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, VersionColumn } from 'typeorm';

/** What an organization works on. */
@Entity('projects')
@Index(['organizationId'])
export class Project {
  @PrimaryColumn('uuid') id!: string;

  @Column({ type: 'varchar', length: 100, comment: 'Name as shown to people', ...SORTED })
  @Trimmed()
  @IsNotEmpty()
  @NoControlCharacters()
  name!: string;

  @Column({ type: 'uuid', comment: 'Organization that the project belongs to' })
  @ForeignKey(() => Organization, { onDelete: 'CASCADE' })
  organizationId!: string;

  @CreateDateColumn({ ...TIME, comment: 'When the project was created' }) createdAt!: Date;
  @VersionColumn({ default: 1 }) version!: number;
}
