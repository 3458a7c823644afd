import { IsNotEmpty } from 'class-validator';
import { NoControlCharacters, Organization, SORTED, TIME, Trimmed } from 'iam';
import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, VersionColumn } from 'typeorm';

/** People of an organization who work together. */
@Entity('teams')
@Index(['organizationId'])
export class Team {
  @PrimaryColumn('uuid') id!: string;

  @Column({ type: 'varchar', length: 100, comment: 'Name as shown to people', ...SORTED })
  @Trimmed()
  @IsNotEmpty({ message: 'must not be empty' })
  @NoControlCharacters()
  name!: string;

  @Column({ type: 'uuid', comment: 'Organization that the team belongs to' })
  @ForeignKey(() => Organization, { onDelete: 'CASCADE' })
  organizationId!: string;

  @CreateDateColumn({ ...TIME }) createdAt!: Date;
  @VersionColumn({ default: 1 }) version!: number;
}

/** An account's place in a team. */
@Entity('team_members')
@Index(['accountId'])
export class TeamMember {
  @PrimaryColumn('uuid')
  @ForeignKey(() => Team, { onDelete: 'CASCADE' })
  teamId!: string;

  @PrimaryColumn('uuid')
  @ForeignKey('Account', { onDelete: 'CASCADE' })
  accountId!: string;
}
