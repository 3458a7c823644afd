import { Column, CreateDateColumn, Entity, Index, PrimaryColumn, VersionColumn } from 'typeorm';
import { SORTED, TIME } from '../json-api/resource/field-types.js';

/**
 * An audit event: who did what, on which row, when, from where. Written in the transaction of the action, and
 * never changed, which a trigger enforces. Ids are not foreign keys, since events outlive the rows that they name.
 */
@Entity('audit_events')
@Index(['action', 'id'])
@Index(['actorId', 'id'])
@Index(['targetId', 'id'])
@Index(['createdAt', 'id'])
@Index(['targetType', 'id'])
@Index(['ip', 'id'])
@Index(['requestId', 'id'])
@Index('audit_events_lower_action_idx', { synchronize: false })
export class AuditEvent {
  @PrimaryColumn('uuid') id!: string;

  @Column({ type: 'varchar', length: 100, comment: 'What was done, such as `iam:accounts.updated`', ...SORTED })
  action!: string;

  @Column({ type: 'uuid', nullable: true, comment: 'Account that did it; null when unknown' })
  actorId!: string | null;

  @Column({ type: 'varchar', length: 100, nullable: true, comment: 'Type of the resource it was done to', ...SORTED })
  targetType!: string | null;

  @Column({ type: 'uuid', nullable: true, comment: 'Id of the resource it was done to' })
  targetId!: string | null;

  @Column({ type: 'jsonb', default: {}, comment: 'More about it, such as the names of changed attributes; no secrets' })
  details!: Record<string, unknown>;

  @Column({ type: 'varchar', length: 45, nullable: true, comment: 'Address that the request came from', ...SORTED })
  ip!: string | null;

  @Column({ type: 'varchar', length: 128, nullable: true, comment: 'Id of the request', ...SORTED })
  requestId!: string | null;

  @CreateDateColumn({ ...TIME, comment: 'When it was done' })
  createdAt!: Date;

  @VersionColumn({ default: 1 }) version!: number;
}
