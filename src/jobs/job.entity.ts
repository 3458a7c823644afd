import { Column, CreateDateColumn, Entity, Index, PrimaryColumn, UpdateDateColumn, VersionColumn } from 'typeorm';
import { SORTED, TIME } from '../json-api/resource/field-types.js';

/** `failed` after the last attempt; an operator can resume it. */
export type JobStatus = 'queued' | 'running' | 'succeeded' | 'failed';

/** An error of a job, with the members of a JSON:API error. */
export interface JobError {
  readonly code: string;
  readonly detail: string;
}

/** The request that started a job, for its audit events. */
export interface JobOrigin {
  readonly requestId?: string;
  readonly ip?: string;
}

/** Work that takes longer than a request, and how far it is. Deleted some time after it is done. */
@Entity('jobs')
@Index(['kind', 'id'])
@Index(['status', 'id'])
@Index(['createdBy', 'id'])
@Index(['createdAt', 'id'])
export class Job {
  @PrimaryColumn('uuid') id!: string;

  @Column({ type: 'varchar', length: 100, comment: 'What it does, such as `iam:organizations.delete`', ...SORTED })
  kind!: string;

  @Column({
    type: 'varchar',
    length: 20,
    default: 'queued',
    comment: '`queued`, `running`, `succeeded` or `failed`',
    ...SORTED,
  })
  status!: JobStatus;

  @Column({ type: 'integer', default: 0, comment: 'How many of its items are done' }) progress!: number;

  @Column({ type: 'integer', nullable: true, comment: 'How many items there are; null when unknown' })
  total!: number | null;

  @Column({ type: 'jsonb', default: [], comment: 'The first 100 errors, each with `code` and `detail`' })
  errors!: readonly JobError[];

  /** Input of the job's kind. No secrets. */
  @Column({ type: 'jsonb' }) input!: object;

  @Column({ type: 'jsonb', default: {} }) origin!: JobOrigin;

  /** No foreign key, since a job outlives the account that started it. */
  @Column({ type: 'uuid', nullable: true, comment: 'Account that started it' })
  createdBy!: string | null;

  @CreateDateColumn({ ...TIME, comment: 'When it was queued' }) createdAt!: Date;
  @UpdateDateColumn({ ...TIME, comment: 'When it last made progress' }) updatedAt!: Date;
  @Column({ ...TIME, nullable: true, comment: 'When it began' }) startedAt!: Date | null;

  @Column({ ...TIME, nullable: true, comment: 'When it succeeded or failed' })
  @Index()
  finishedAt!: Date | null;

  @VersionColumn({ default: 1 }) version!: number;
}
